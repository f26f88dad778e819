/** The base path that a server is mounted on. */

/** Whether clients and proxies keep a base path unchanged. */
export const isBasePath = (text: string): boolean => /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)*$/.test(text)
