export * from './library.ts'
export * from './scenario.ts'
