/** One compiler run over the projects of a host. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  skipDefaultLibCheck: true,
  noEmit: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  jsx: ts.JsxEmit.ReactJSX,
  types: ['node'],
}

/** The program of every source in the folders, and of further files, as the compiler finds modules there. */
export function programOf(folders: readonly string[], more: readonly string[] = []): ts.Program {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => join(folder, file)),
  )
  const [first = process.cwd()] = folders
  return ts.createProgram([...files, ...more], { ...options, typeRoots: [join(first, 'node_modules/@types')] })
}

/**
 * Declarations of other packages, which may be wrong by themselves: telnyx 7.24.0 declares no dependency on `@types/ws`.
 * Also the reader's application, which names types of packages that only some documents install.
 */
const isForeign = (file: ts.SourceFile | undefined) =>
  (file?.fileName.includes('/node_modules/') && !file.fileName.includes('/node_modules/@callgather/')) ||
  file?.fileName.endsWith('/your-app.d.ts')

/** What the compiler says of the documents and of our declarations, each as `file:line message`. */
export function errorsOf(program: ts.Program): string[] {
  const errors = ts.getPreEmitDiagnostics(program).filter(({ file }) => !isForeign(file))
  return errors.map(({ file, start = 0, messageText }) => {
    const place = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1} ` : ''
    return place + ts.flattenDiagnosticMessageText(messageText, '\n')
  })
}
