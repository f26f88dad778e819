import { commandNames } from '@callgather/protocol'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { testServer } from '../testing/server.ts'
import { openApiDocument } from './openapi.ts'

const document = openApiDocument('/callgather')

describe('/openapi.json', () => {
  it('/openapi.json is a valid OpenAPI 3.1 document without dangling references', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate(structuredClone(document))
    expect(errors).toBeUndefined()
    expect([valid, validator.version]).toEqual([true, '3.1'])
    expect(JSON.stringify(validator.resolveRefs())).not.toContain('$ref":"#/components')
  })

  it('serves /openapi.json without a ticket', async () => {
    await using server = await testServer()
    const answer = await fetch(`${server.url}/openapi.json`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('/openapi.json documents each of the eight commands with the ranges that the server enforces', () => {
    const { schemas } = document.components
    expect(Object.keys(document.paths).filter((path) => path.includes('/actions/'))).toHaveLength(commandNames.length)
    expect(schemas).toMatchObject({
      Gather: { properties: { maximum_digits: { minimum: 1, maximum: 128 } }, additionalProperties: false },
      GatherUsingSpeak: { required: expect.arrayContaining(['payload', 'voice']) },
      GatherUsingAI: { required: ['parameters'] },
      AIAssistantAddMessages: { type: 'object' },
    })
  })

  it('/openapi.json documents only operations that the server has a route for', async () => {
    await using server = await testServer()
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const method of Object.keys(operations).filter((key) => key !== 'parameters')) {
        const url = server.url + path.replace('{call_control_id}', 'v3:unknown')
        const answer = await fetch(url, { method: method.toUpperCase() })
        const text = await answer.text()
        expect([method, path, text]).not.toEqual([
          method,
          path,
          expect.stringMatching(/nothing at this path|This path takes/),
        ])
        expect(Object.keys((operations as Record<string, { responses: object }>)[method]?.responses ?? {})).toContain(
          String(answer.status),
        )
      }
    }
  })
})
