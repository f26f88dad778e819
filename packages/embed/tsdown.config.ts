import { commentsOnOwnLines, starExportsStayTypes } from '@callgather/build-kit/declarations'
import { defineConfig, type UserConfig } from 'tsdown'
import { browserBundle, stylesheetsAsText, websocketsOnly } from './browser-bundle.ts'

/** Entries that are ordinary modules of a browser. */
const browserModules = {
  client: 'src/client/index.ts',
  host: 'src/host/index.ts',
  hubspot: 'src/hubspot/index.ts',
}

/** Entries for Node. */
const nodeModules = { files: 'src/frame/files.ts' }

const shared = {
  format: ['esm'],
  target: 'es2022',
  fixedExtension: true,
  sourcemap: false,
  clean: false,
  // All code is bundled. HubSpot's SDK is an optional peer.
  deps: { alwaysBundle: [/./], neverBundle: [/^@hubspot\//], onlyBundle: false },
} satisfies UserConfig

/** `npm start` skips declarations, which take most of the build time. */
const hasTypes = process.env.CALLGATHER_DECLARATIONS !== 'no'

const configs: (UserConfig & { entry: Record<string, string> })[] = [
  {
    ...shared,
    entry: { callgather: 'src/index.ts' },
    platform: 'browser',
    minify: true,
    clean: true,
    dts: false,
    plugins: [stylesheetsAsText(), websocketsOnly(), browserBundle()],
  },
  {
    ...shared,
    entry: browserModules,
    platform: 'browser',
    minify: true,
    dts: false,
    plugins: [websocketsOnly()],
  },
  { ...shared, entry: { 'frame/frame': 'src/frame/index.ts' }, platform: 'browser', minify: true, dts: false },
  { ...shared, entry: nodeModules, platform: 'node', dts: false },
]
if (hasTypes) {
  configs.push({
    ...shared,
    entry: { callgather: 'src/index.ts', ...browserModules, ...nodeModules },
    // The types of the protocol are imported, the other types are bundled.
    deps: { ...shared.deps, neverBundle: [/^@hubspot\//, /^@callgather\/protocol/] },
    dts: { compilerOptions: { customConditions: [], noEmit: false }, emitDtsOnly: true },
    plugins: [starExportsStayTypes, commentsOnOwnLines],
  })
}

export default defineConfig(configs)
