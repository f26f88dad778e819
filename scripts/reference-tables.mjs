// Writes the hooks and parts, with their members, into the tables of the guides. The second column of a table is written by
// hand.
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ReflectionKind } from 'typedoc'
import { root } from './setup.mjs'
import { fail } from './steps.mjs'

const repository = 'https://github.com/callgather/callgather/blob/main'

const guide = (name) => join(root, 'docs/guides', name)

/** The types of lists and gathers in hook results, whose members a reader would otherwise guess. */
const listed = ['CallSummary', 'DigitGather', 'AIGather', 'FieldState', 'KeyEntry', 'CollectedValue', 'Conversation']

/** Returns the new texts of the documents by path. `linkTo(name)` is the address of an export of `@callgather/react`. */
export function referenceTables(project, linkTo) {
  const modules = new Map(project.children.map((module) => [module.name, module]))
  const react = modules.get('react').children
  const hooks = react
    .filter(({ name }) => /^use[A-Z]/.test(name))
    .map((hook) => ({ name: hook.name, signatures: signaturesOf(hook), text: textOf(commentOf(hook)) }))
    .sort(inOrderOf(readFileSync(guide('hooks.mdx'), 'utf8')))
  const components = react.filter((each) => /^[A-Z]/.test(each.name) && isValue(each))
  const parts = react.filter(({ kind }) => kind === ReflectionKind.Namespace)
  const typeNamed = (name) =>
    [...react, ...modules.get('protocol').children].find((each) => each.name === name && !each.isReference())

  // Storybook shows the guides too, where a relative link leads nowhere.
  const linkFrom = (path, name) =>
    path.endsWith('.mdx') ? `${repository}/${relative(root, linkTo(name))}` : relative(dirname(path), linkTo(name))
  const hookRow = (path, { name, signatures }) => [
    `[\`${name}(${parametersOf(longest(signatures))})\`](${linkFrom(path, name)})`,
    membersOf(signatures[0].type)
      .map((member) => `\`${member.name}\``)
      .join(' ') || '–',
  ]
  const componentRow = (path, component) => [
    `[\`${component.name}\`](${linkFrom(path, component.name)})`,
    propsOf(component)
      .map((prop) => `\`${prop.name}\``)
      .join(' ') || '–',
  ]
  const partsRow = (path, { name, children }) => [
    `[\`${name}\`](${linkFrom(path, name)})`,
    children
      .filter(isValue)
      .map((part) => `\`${part.name}\``)
      .join(' '),
  ]
  const withHooks = (path, text) =>
    withRows(
      path,
      text,
      hooks.map((hook) => [hook.name, hookRow(path, hook)]),
    )
  const withComponents = (path, text) =>
    withRows(
      path,
      text,
      components.map((each) => [each.name, componentRow(path, each)]),
    )
  const withParts = (path, text) =>
    withRows(
      path,
      text,
      parts.map((each) => [each.name, partsRow(path, each)]),
    )

  const members = hooks
    .filter(({ signatures }) => membersOf(signatures[0].type).length > 0)
    .map(({ name, signatures, text }) => section(name, text, membersOf(signatures[0].type)))
  const types = listed.map((name) => {
    const type = typeNamed(name)
    return section(name, textOf(type.comment), membersOf(typeOf(type)))
  })
  const generated = new Map([
    ['members', [...members, ...types].join('\n\n')],
    ['rows', rowsOf(typeNamed('TimelineEntry'))],
  ])

  const texts = [
    [guide('hooks.mdx'), (path, text) => withRegions(path, withHooks(path, text), generated)],
    [guide('headless-parts.mdx'), withParts],
    [join(root, 'packages/react/README.md'), (path, text) => withComponents(path, withHooks(path, text))],
  ]
  return new Map(texts.map(([path, change]) => [path, change(path, readFileSync(path, 'utf8'))]))
}

/** The first and last cells of a table's rows, by the name in the first cell. Every name must have a row. */
function withRows(path, text, rows) {
  const missing = rows.filter(([name]) => !rowOf(name).test(text))
  if (missing.length > 0)
    fail(`${relative(root, path)} has no row for ${missing.map(([name]) => name).join(', ')}.`, 'Add it.')
  return rows.reduce(
    (changed, [name, [first, last]]) =>
      changed.replace(rowOf(name), (_, middle) => `| ${first} | ${middle} | ${last} |`),
    text,
  )
}

const rowOf = (name) => new RegExp(`^\\| \\[?\`${name}\\b[^|]*?\\| ([^|]*?) \\|(?: [^|]*?)?\\|$`, 'm')

// Replaces the generated text between two comments of a guide.
function withRegions(path, text, regions) {
  return [...regions].reduce((changed, [name, content]) => {
    const region = new RegExp(`(\\{/\\* ${name}, generated \\*/\\}\\n)[\\s\\S]*?(\\{/\\* end \\*/\\})`)
    if (!region.test(changed)) fail(`${relative(root, path)} has no region named ${name}.`, 'Restore its two comments.')
    return changed.replace(region, (_, begin, end) => `${begin}\n${content}\n\n${end}`)
  }, text)
}

function section(name, text, members) {
  const bare = members
    .filter((member) => member.text === '' && member.name !== 'kind')
    .map((member) => `\`${member.name}\``)
  if (bare.length > 0) fail(`${name} has members without a doc comment: ${bare.join(', ')}.`, 'Write one for each.')
  return [`### ${name}`, text, ['| Member | Type | |', '| --- | --- | --- |', ...members.map(memberRow)].join('\n')]
    .filter(Boolean)
    .join('\n\n')
}

const memberRow = ({ name, isOptional, types, text }) =>
  `| \`${name}${isOptional ? '?' : ''}\` | \`${types.join(' | ').replaceAll('|', '\\|')}\` | ${text} |`

/** The entries of a union by their `kind`. */
function rowsOf(union) {
  const entries = union.type.types.map((type) => {
    const members = membersOf(type)
    const kind = members.find(({ name }) => name === 'kind')
    return `| \`${kind.types.join(' | ').replaceAll('|', '\\|')}\` | ${members.map(({ name }) => `\`${name}\``).join(' ')} |`
  })
  return ['| `kind` | Members |', '| --- | --- |', ...entries].join('\n')
}

/** The members of an object type, in the order of the sources. Those of a union or an intersection are merged. */
function membersOf(type) {
  const merged = new Map()
  for (const child of childrenOf(type)) {
    const known = merged.get(child.name) ?? {
      name: child.name,
      isOptional: child.flags.isOptional,
      types: [],
      text: '',
    }
    const types = child.signatures
      ? [signatureText(child.signatures[0])]
      : alternativesOf(child.type ?? child.getSignature.type)
    known.types = [...new Set([...known.types, ...types])]
    const text = textOf(commentOf(child))
    if (!known.text.includes(text)) known.text = `${known.text} ${text}`.trim()
    merged.set(child.name, known)
  }
  return [...merged.values()]
}

const alternativesOf = (type) => (type.type === 'union' ? type.types : [type]).map(typeText)

function childrenOf(type) {
  if (type.type === 'union' || type.type === 'intersection') return type.types.flatMap(childrenOf)
  if (type.type === 'reflection') return inSourceOrder(type.declaration.children)
  if (type.type !== 'reference' || !type.reflection) return []
  const target = type.reflection
  return target.children ? inSourceOrder(target.children) : target.type ? childrenOf(target.type) : []
}

const inSourceOrder = (children = []) => children.toSorted((a, b) => a.id - b.id)

/** Sorts by the first mention in a text. */
const inOrderOf = (text) => (a, b) => text.indexOf(`\`${a.name}(`) - text.indexOf(`\`${b.name}(`)

const signaturesOf = ({ signatures, type }) => signatures ?? type?.declaration?.signatures ?? []

const commentOf = (reflection) => reflection.comment ?? signaturesOf(reflection)[0]?.comment

const longest = (signatures) =>
  signatures.toSorted((a, b) => (b.parameters?.length ?? 0) - (a.parameters?.length ?? 0))[0]

const propsOf = (component) => {
  const type = signaturesOf(component)[0]?.parameters?.[0]?.type
  return type ? membersOf(type) : []
}

const typeOf = (reflection) => reflection.type ?? { type: 'reference', reflection }

const isValue = ({ kind }) => kind === ReflectionKind.Function || kind === ReflectionKind.Variable

function parametersOf(signature) {
  return (signature.parameters ?? [])
    .map(({ name, type, flags }) => {
      const options = type?.type === 'reference' && /Options$/.test(type.name) ? membersOf(type) : []
      return options.length > 0
        ? `{ ${options.map((option) => option.name).join(', ')} }`
        : name + (flags.isOptional ? '?' : '')
    })
    .join(', ')
}

function signatureText({ parameters = [], type }) {
  const names = parameters.map(({ name, flags }) =>
    flags.isRest ? `...${name}` : name + (flags.isOptional ? '?' : ''),
  )
  return `(${names.join(', ')}) => ${typeText(type)}`
}

function typeText(type) {
  switch (type?.type) {
    case 'union':
      return type.types.map((each) => (isFunction(each) ? `(${typeText(each)})` : typeText(each))).join(' | ')
    case 'intersection':
      return type.types.map(typeText).join(' & ')
    case 'array':
      return type.elementType.type === 'union' || type.elementType.type === 'typeOperator'
        ? `(${typeText(type.elementType)})[]`
        : `${typeText(type.elementType)}[]`
    case 'typeOperator':
      return `${type.operator} ${typeText(type.target)}`
    case 'reference':
      return type.name + (type.typeArguments?.length ? `<${type.typeArguments.map(typeText).join(', ')}>` : '')
    case 'literal':
      return typeof type.value === 'string' ? `'${type.value}'` : String(type.value)
    case 'reflection':
      if (isFunction(type)) return signatureText(type.declaration.signatures[0])
      return `{ ${(type.declaration.children ?? []).map((child) => `${child.name}: ${typeText(child.type)}`).join('; ')} }`
    default:
      return String(type)
  }
}

const isFunction = (type) => type.type === 'reflection' && Boolean(type.declaration.signatures)

/** The text of a comment in a table cell of MDX. */
const textOf = (comment) =>
  (comment?.summary ?? [])
    .map(({ kind, text }) => (kind === 'text' ? text.replaceAll(/[{<]/g, '\\$&') : text))
    .join('')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(^| )- `/g, '$1`')
    .replaceAll('|', '\\|')
    .trim()
