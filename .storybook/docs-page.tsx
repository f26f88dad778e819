import * as components from '@callgather/react'
import { Controls, Description, DocsContext, Primary, Stories, Subtitle, Title } from '@storybook/addon-docs/blocks'
import { useContext } from 'react'

/**
 * The page of a component: every state that needs no input, then links to the others. On one page, stories that click and
 * type would take the focus from each other.
 */
export function DocsPage() {
  const stories = useContext(DocsContext).componentStories()
  const others = stories.filter(({ tags }) => tags.includes('dev') && !tags.includes('autodocs'))
  return (
    <>
      <Title />
      <Subtitle />
      <Description />
      <ReferenceLink name={stories[0]?.title.split('/').at(-1) ?? ''} />
      <Primary />
      <Controls exclude={/^(callId|children|ref|searchRef)$/} />
      <Stories />
      {others.length > 0 && (
        <>
          <h2>States after input</h2>
          <ul>
            {others.map(({ id, name }) => (
              <li key={id}>
                <a href={`./?path=/story/${id}`} target="_top">
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

/** Links to the entry of a component in the API reference. A page of several components has no entry. */
function ReferenceLink({ name }: { readonly name: string }) {
  const page = name in components ? 'react/README.md' : name === 'CallWall' ? 'react-wall.md' : null
  if (!page) return null
  return (
    <p>
      <a href={`https://github.com/callgather/callgather/blob/main/docs/api/${page}#${name.toLowerCase()}`}>
        API reference of <code>{name}</code>
      </a>
    </p>
  )
}
