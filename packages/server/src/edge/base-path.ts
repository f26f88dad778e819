/** Where a server is mounted. */

/** Whether a base path is one that clients and proxies leave as it is. */
export const isBasePath = (text: string): boolean => /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)*$/.test(text)
