import { describeCallStore } from '../call-store.contract.ts'
import { memoryStore } from './memory-store.ts'

describeCallStore('memoryStore', () => memoryStore())
