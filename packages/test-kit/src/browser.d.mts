export declare function findBrowser(options?: { readonly isWhole?: boolean }): string | undefined
export declare const browserArgs: string[]
