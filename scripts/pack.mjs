// Packs the published packages into `tarballs/`, for applications that install them from files.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { packAll } from './published-packages.mjs'
import { root, setUp } from './setup.mjs'

const folder = join(root, 'tarballs')
await setUp()
mkdirSync(folder, { recursive: true })
for (const file of Object.values(await packAll(folder))) console.log(file)
