export * from './host-contract.ts'
export * from './host-contract-schema.ts'
