// Corrects the declaration files that tsdown generates.

const correct = (name, change) => ({
  name,
  renderChunk: (code, { fileName }) => (/\.d\.[mc]?ts$/.test(fileName) ? change(code) : null),
})

export const commentsOnOwnLines = correct('comments on own lines', (code) =>
  code.replaceAll(/;[ \t]+(?=\/\*\*)/g, ';\n'),
)

export const starExportsStayTypes = correct('star exports stay types', (code) =>
  code.replaceAll(/^export \* from/gm, 'export type * from'),
)
