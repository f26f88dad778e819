/**
 * Limits on the download of a page; `pnpm size` fails above them. The ES module and the classic script contain their
 * stylesheet. 1 kB is 1,000 bytes.
 */
const limits = [
  { name: 'the ES module with its stylesheet', path: 'dist/callgather.mjs', limit: '110 kB' },
  { name: 'the classic script with its stylesheet', path: 'dist/callgather.js', limit: '110 kB' },
  { name: 'the host script of the iframe', path: 'dist/host.mjs', limit: '5 kB' },
  { name: 'the HubSpot adapter', path: 'dist/hubspot.mjs', limit: '3.2 kB' },
]

export default limits.map((limit) => ({ ...limit, gzip: true }))
