export declare function findBrowser(): string | undefined
export declare const browserArgs: string[]
