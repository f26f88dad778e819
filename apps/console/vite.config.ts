import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// While developing, the page shows the packages' sources and speaks to the backend that `npm start` has started; the
// backend only speaks to its own page, so the page is passed off as that.
const target = 'http://127.0.0.1:4000'
const backend = { target, ws: true, changeOrigin: true, headers: { origin: target } }
const development = {
  resolve: { conditions: ['callgather:source', 'module', 'browser', 'development|production'] },
  server: { proxy: { '/api': backend, '/callgather': backend } },
}

export default defineConfig(({ command }) => ({
  plugins: [react()],
  build: { outDir: 'dist/public', sourcemap: true },
  ...(command === 'serve' ? development : {}),
}))
