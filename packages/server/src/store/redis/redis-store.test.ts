import { randomUUID } from 'node:crypto'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describeWithRedis, startCluster, TestRedis } from '@callgather/test-kit/redis'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { describeCallStore, eventOf } from '../call-store.contract.ts'
import { type CallStore, type StoreChange, StoreUnavailableError } from '../call-store.ts'
import { type RedisStoreOptions, redisStore } from './redis-store.ts'

const news = (...ids: string[]) => ids.map((id) => ({ event: eventOf(id), digest: `d-${id}` }))
const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** Opens a Redis store that records its warnings. */
function storeOn(redis: TestRedis, options: Partial<RedisStoreOptions> = {}): CallStore & { warnings: string[] } {
  const warnings: string[] = []
  const store = redisStore({ url: redis.url, timeoutMs: 1_000, warn: (message) => warnings.push(message), ...options })
  return { ...store, warnings }
}

/** Longer than the timeout of the stores, and than a pause of a busy machine. */
const LONG_MS = 10_000

/** Expects an operation to fail with `StoreUnavailableError`. */
async function failsInTime(attempt: () => Promise<unknown>): Promise<void> {
  const begin = performance.now()
  await expect(attempt()).rejects.toSatisfy(StoreUnavailableError.isInstance)
  expect(performance.now() - begin).toBeLessThan(LONG_MS)
}

async function eventually<T>(expectation: () => T | Promise<T>, millis = 10_000): Promise<T> {
  for (const until = Date.now() + millis; ; ) {
    try {
      return await expectation()
    } catch (error) {
      if (Date.now() > until) throw error
      await pause(10)
    }
  }
}

const idsIn = async (store: CallStore, call: string) =>
  (await store.read(call, 0))?.records.map(({ event }) => event.id) ?? null

describeWithRedis('redisStore', () => {
  let shared: TestRedis
  beforeAll(async () => {
    shared = await TestRedis.start()
  })
  afterAll(() => shared[Symbol.asyncDispose]())

  describeCallStore('redisStore', () => storeOn(shared, { prefix: randomUUID() }))

  it('two Redis stores share the log of a call: they deduplicate, number and publish the appends of both', async () => {
    await using a = disposable(storeOn(shared))
    await using b = disposable(storeOn(shared))
    const changes: StoreChange[] = []
    await b.store.subscribe('shared', (change) => changes.push(change))
    const first = await a.store.append('shared', news('a'))
    const second = await b.store.append('shared', news('a', 'b'))
    expect(second).toMatchObject({ epoch: first.epoch, records: [{ seq: 2 }], duplicates: [{ id: 'a' }] })
    await eventually(() => expect(changes).toHaveLength(2))
    expect(changes).toEqual([
      { kind: 'appended', callId: 'shared', epoch: first.epoch, records: first.records },
      { kind: 'appended', callId: 'shared', epoch: first.epoch, records: second.records },
    ])
  })

  it('the Redis store creates one record when two servers append the same event at once', async () => {
    await using a = disposable(storeOn(shared))
    await using b = disposable(storeOn(shared))
    for (let run = 0; run < 200; run++) {
      const both = await Promise.all([a, b].map(({ store }) => store.append(`twice-${run}`, news('a'))))
      expect(both.flatMap(({ records }) => records)).toHaveLength(1)
      expect(both.flatMap(({ duplicates }) => duplicates)).toEqual([{ id: 'a', isConflict: false }])
    }
  })

  it('the Redis store reads all records of a log that has many pages', async () => {
    await using it = disposable(storeOn(shared))
    const ids = Array.from({ length: 2_500 }, (_, index) => `e${index}`)
    await it.store.append('long', news(...ids))
    expect(await idsIn(it.store, 'long')).toEqual(ids)
    expect((await it.store.read('long', 500, 1_500))?.records.map(({ seq }) => seq)).toEqual(
      ids.slice(500, 2_000).map((_, index) => 501 + index),
    )
  })

  it('the Redis store expires a call after its retention and removes it from the list of calls', async () => {
    const remaining = () => Number(shared.cli('--raw', 'PTTL', 'long:2:call:{call}'))
    {
      await using it = disposable(storeOn(shared, { retentionMs: 600_000, prefix: 'long' }))
      await it.store.append('call', news('a'))
      await eventually(() => expect(remaining()).toBeLessThan(599_500))
      await it.store.append('call', news('b'))
      expect(remaining()).toBeGreaterThan(599_500)
    }
    await using it = disposable(storeOn(shared, { retentionMs: 100, prefix: 'brief' }))
    await it.store.append('call', news('a'))
    await eventually(async () => expect(await it.store.read('call', 0)).toBeNull())
    expect(await it.store.list({ limit: 10 })).toEqual([])
    // The first event of a call removes expired entries from its list shard. 100 calls reach every shard.
    const others = Array.from({ length: 100 }, (_, index) => `other-${index}`)
    for (const other of others) await it.store.append(other, news('a'))
    const parts = shared.cli('--raw', 'KEYS', 'brief:2:calls:*').split('\n')
    expect(parts.flatMap((part) => shared.cli('--raw', 'ZRANGE', part, '0', '-1').split('\n'))).not.toContain('call')
  })

  it('the Redis store keeps a call in one key, so that eviction removes the call completely', async () => {
    await using it = disposable(storeOn(shared, { prefix: 'onekey' }))
    await it.store.append('v3:{odd}', news('a', 'b'))
    expect(shared.cli('--raw', 'KEYS', 'onekey:2:call:*')).toBe('onekey:2:call:{v3:%7Bodd%7D}')
  })

  it('the Redis store refuses a prefix with data of another format, and names both formats and the remedy', async () => {
    const prefix = randomUUID()
    await using it = disposable(storeOn(shared, { prefix }))
    await it.store.append('call', news('a'))
    expect(shared.cli('HGET', `${prefix}:format`, 'format')).toBe('2')
    shared.cli('HSET', `${prefix}:format`, 'format', '99')
    await using other = disposable(storeOn(shared, { prefix }))
    for (const refused of [other.store.append('call', news('b')), other.store.read('call', 0), other.store.ping()]) {
      await expect(refused).rejects.toThrow(
        /format 99 .* uses format 2\. Use another Redis, another prefix of redisStore, or/,
      )
    }
    // A store that is already open detects the other format with its next ping.
    await expect(it.store.ping()).rejects.toThrow(/format 99/)
    await expect(it.store.append('call', news('b'))).rejects.toSatisfy(StoreUnavailableError.isInstance)
    shared.cli('HSET', `${prefix}:format`, 'format', '2')
    await it.store.ping()
    expect(await idsIn(it.store, 'call')).toEqual(['a'])
  })

  it('the Redis store warns of Redis settings that lose calls, and does not quote the password of the URL', async () => {
    await using redis = await TestRedis.start('--maxmemory-policy', 'allkeys-lru', '--requirepass', 'canary-password')
    await using it = disposable(storeOn(redis, { url: redis.url.replace('//', '//:canary-password@') }))
    await it.store.ping()
    expect(it.store.warnings.join('\n')).toMatch(/noeviction[\s\S]*appendonly yes/)
    await using wrong = disposable(storeOn(redis, { url: redis.url.replace('//', '//:wrong-canary@') }))
    await expect(wrong.store.ping()).rejects.toThrow(/WRONGPASS/)
    expect([...it.store.warnings, ...wrong.store.warnings].join('\n')).not.toMatch(/canary/)
    expect(() => redisStore({ url: 'http://:canary@host' })).toThrow(/^(?!.*canary).*redis:\/\//)
  })

  it('operations of the Redis store fail at once while Redis is down, and succeed when Redis restarts', async () => {
    await using redis = await TestRedis.start('--appendonly', 'yes', '--appendfsync', 'always')
    await using it = disposable(storeOn(redis, { timeoutMs: 2 * LONG_MS }))
    const changes: StoreChange[] = []
    await it.store.subscribe('call', (change) => changes.push(change))
    await it.store.append('call', news('a'))
    await redis.kill()
    await eventually(() => expect(it.store.warnings.join()).toMatch(/cannot be reached/))
    await failsInTime(() => it.store.append('call', news('b')))
    await failsInTime(() => it.store.ping())
    await redis.start()
    await eventually(() => it.store.ping())
    expect(await idsIn(it.store, 'call')).toEqual(['a'])
    await it.store.append('call', news('b'))
    await eventually(() => expect(changes.flatMap(idsOf)).toContain('b'))
    expect(it.store.warnings.filter((warning) => /cannot be reached/.test(warning))).toHaveLength(1)
  })

  it('the Redis store opens while Redis is down, and its operations fail within the timeout', async () => {
    await using redis = await TestRedis.start()
    await redis.kill()
    await using it = disposable(storeOn(redis))
    await failsInTime(() => it.store.ping())
    await redis.start()
    await eventually(() => it.store.ping())
  })

  it('a call in Redis gets a new epoch when Redis restores an older snapshot file', async () => {
    await using redis = await TestRedis.start('--save', '900', '1')
    await using it = disposable(storeOn(redis))
    const before = await it.store.append('call', news('a'))
    redis.cli('SAVE')
    await it.store.append('call', news('b'))
    await redis.kill()
    await redis.start()
    const after = await eventually(() => it.store.head('call'))
    // `b` is lost, and its number will be reused. Under the old epoch clients would not notice.
    expect(after?.seq).toBe(1)
    expect(after?.epoch).not.toBe(before.epoch)
    const next = await it.store.append('call', news('c'))
    expect(next).toMatchObject({ epoch: after?.epoch, records: [{ seq: 2 }] })
  })

  it('a call in Redis gets a new epoch after FLUSHALL and after Redis evicted the call', async () => {
    await using redis = await TestRedis.start()
    await using it = disposable(storeOn(redis))
    const first = await it.store.append('call', news('a', 'b'))
    redis.cli('FLUSHALL')
    expect(await it.store.read('call', 0)).toBeNull()
    const second = await it.store.append('call', news('a'))
    expect(second.records.map(({ seq }) => seq)).toEqual([1])
    expect(second.epoch).not.toBe(first.epoch)
    redis.cli('DEL', 'callgather:2:call:{call}')
    expect((await it.store.append('call', news('a'))).epoch).not.toBe(second.epoch)
  })

  it('the Redis store sends its scripts again after SCRIPT FLUSH', async () => {
    await using redis = await TestRedis.start()
    await using it = disposable(storeOn(redis))
    await it.store.append('call', news('a'))
    redis.cli('SCRIPT', 'FLUSH')
    expect((await it.store.append('call', news('b'))).records).toHaveLength(1)
  })

  it('an append to a paused Redis times out and never takes effect, and later operations fail at once', async () => {
    await using redis = await TestRedis.start()
    await using it = disposable(storeOn(redis))
    await it.store.append('call', news('a'))
    redis.pause()
    try {
      await failsInTime(() => it.store.append('call', news('given-up')))
      const begin = performance.now()
      for (let many = 0; many < 100; many++) {
        await expect(it.store.append('call', news('refused'))).rejects.toSatisfy(StoreUnavailableError.isInstance)
      }
      // A timeout for each would take 100 s.
      expect(performance.now() - begin).toBeLessThan(LONG_MS)
      await pause(5_000)
    } finally {
      redis.resume()
    }
    await eventually(() => it.store.ping())
    expect(await idsIn(it.store, 'call')).toEqual(['a'])
    await it.store.append('call', news('given-up'))
    expect(await idsIn(it.store, 'call')).toEqual(['a', 'given-up'])
  })

  it('the Redis store appends when the clock of Redis is ahead of the clock of the server', async () => {
    await using redis = await TestRedis.start()
    const real = performance.now.bind(performance)
    performance.now = () => real() - 60_000
    try {
      await using it = disposable(storeOn(redis))
      performance.now = () => real() - 120_000
      expect((await it.store.append('call', news('a'))).records).toHaveLength(1)
    } finally {
      performance.now = real
    }
  })

  it('the Redis store refuses appends while Redis is a replica, and accepts them when Redis is primary again', async () => {
    await using other = await TestRedis.start()
    await using redis = await TestRedis.start()
    await using it = disposable(storeOn(redis))
    await it.store.append('call', news('a'))
    redis.cli('REPLICAOF', '127.0.0.1', String(other.port))
    await failsInTime(() => it.store.append('call', news('b')))
    await failsInTime(() => it.store.ping())
    redis.cli('REPLICAOF', 'NO', 'ONE')
    await eventually(() => it.store.ping())
    expect((await it.store.append('call', news('b'))).records).toHaveLength(1)
  })

  it('the Redis store reconnects to a new primary when the address moves while old connections stay open', async () => {
    await using former = await TestRedis.start()
    await using present = await TestRedis.start()
    // The address acts as the host name of the primary: new connections go elsewhere, old connections stay open.
    let inCharge = former
    const address = createServer((socket) => {
      const onwards = connect(inCharge.port, '127.0.0.1')
      for (const end of [socket, onwards]) end.on('error', () => {})
      socket.pipe(onwards).pipe(socket)
    })
    await new Promise<void>((resolve) => address.listen(0, '127.0.0.1', resolve))
    await using it = disposable(
      storeOn(former, { url: `redis://127.0.0.1:${(address.address() as AddressInfo).port}` }),
    )
    const changes: StoreChange[] = []
    await it.store.subscribe('call', (change) => changes.push(change))
    await it.store.append('call', news('a'))
    inCharge = present
    former.cli('REPLICAOF', '127.0.0.1', String(present.port))
    await eventually(() => it.store.append('call', news('b')))
    expect(present.cli('EXISTS', 'callgather:2:call:{call}')).toBe('1')
    await eventually(() => expect(changes.flatMap(idsOf)).toContain('b'))
    address.close()
  })

  it('a call in Redis gets a new epoch when a replica becomes the primary', async () => {
    await using primary = await TestRedis.start('--repl-diskless-sync-delay', '0')
    await using replica = await TestRedis.start('--replicaof', '127.0.0.1', String(primary.port))
    await using before = disposable(storeOn(primary))
    const { epoch } = await before.store.append('call', news('a'))
    await eventually(() => expect(replica.cli('EXISTS', 'callgather:2:call:{call}')).toBe('1'), 10_000)
    replica.cli('REPLICAOF', 'NO', 'ONE')
    await using after = disposable(storeOn(replica))
    const head = await after.store.head('call')
    expect(head?.seq).toBe(1)
    expect(head?.epoch).not.toBe(epoch)
  })

  it('the Redis store refuses whole appends when Redis is full, and still reads and forgets calls', async () => {
    await using redis = await TestRedis.start('--maxmemory-policy', 'noeviction')
    await using it = disposable(storeOn(redis))
    await it.store.append('call', news('a'))
    redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    await failsInTime(() => it.store.append('call', news('b', 'c')))
    await failsInTime(() => it.store.ping())
    expect(await idsIn(it.store, 'call')).toEqual(['a'])
    expect(await it.store.forget('call')).toBe(true)
    redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    expect((await it.store.append('call', news('b', 'c'))).records).toHaveLength(2)
  })

  it('the Redis store publishes the changes that subscribers missed while its bus was down', async () => {
    await using redis = await TestRedis.start('--appendonly', 'yes')
    await using watcher = disposable(storeOn(redis))
    await using writer = disposable(storeOn(redis))
    const changes: StoreChange[] = []
    const all: StoreChange[] = []
    await watcher.store.subscribe('call', (change) => changes.push(change))
    await watcher.store.subscribeAll((change) => all.push(change))
    await writer.store.append('call', news('a'))
    await eventually(() => expect(changes.flatMap(idsOf)).toEqual(['a']))
    // Cut the subscriber's bus while another server appends.
    redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await eventually(() => writer.store.append('call', news('b', 'c')))
    await eventually(() => writer.store.append('other', news('x')))
    await eventually(() => {
      const last = changes.flatMap((change) => (change.kind === 'appended' ? change.records : [])).at(-1)
      expect(last).toMatchObject({ seq: 3, event: { id: 'c' } })
      expect(all.map(({ callId }) => callId)).toContain('other')
    })
    await writer.store.append('call', news('d'))
    await eventually(() => expect(changes.flatMap(idsOf).at(-1)).toBe('d'))
  })

  it('the Redis store notifies subscribers of a call that Redis lost in a restart', async () => {
    await using redis = await TestRedis.start()
    await using it = disposable(storeOn(redis))
    const changes: StoreChange[] = []
    await it.store.append('call', news('a'))
    await it.store.subscribe('call', (change) => changes.push(change))
    await redis.kill()
    await redis.start()
    await eventually(() => expect(changes).toContainEqual({ kind: 'forgotten', callId: 'call' }))
  })

  it('the Redis store closes all its connections when it is closed', async () => {
    await using redis = await TestRedis.start()
    const store = storeOn(redis)
    await store.ping()
    await store.subscribe('call', () => {})
    await store.close()
    await eventually(() => expect(redis.cli('CLIENT', 'LIST').split('\n')).toHaveLength(1))
  })
})

describeWithRedis('redisStore without sharded pub/sub', () => {
  let older: TestRedis
  beforeAll(async () => {
    // Redis before 7.0 does not have this command.
    older = await TestRedis.start('--rename-command', 'SPUBLISH', '')
  })
  afterAll(() => older[Symbol.asyncDispose]())

  describeCallStore('redisStore without sharded pub/sub', () => storeOn(older, { prefix: randomUUID() }))
})

describeWithRedis('redisStore with no more rights than the documentation asks for', () => {
  it('every operation of the Redis store succeeds with the documented Redis permissions', async () => {
    const rights =
      '~callgather:* &callgather:* +@connection +@pubsub +@scripting +@hash +@set +@sortedset +@keyspace ' +
      '+set +time -@dangerous +info +config|get'
    await using redis = await TestRedis.start('--user', 'gather', 'on', '>canary', ...rights.split(' '))
    await using it = disposable(storeOn(redis, { url: redis.url.replace('//', '//gather:canary@') }))
    const changes: StoreChange[] = []
    await it.store.ping()
    await it.store.subscribe('call', (change) => changes.push(change))
    await it.store.subscribeAll((change) => changes.push(change))
    await it.store.append('call', news('a', 'b'), { sessionId: 'session' })
    expect(await it.store.listLegs('session')).toEqual(['call'])
    const head = await it.store.head('call')
    if (head) expect(await it.store.rewrite('call', head, [{ seq: 1, event: eventOf('a') }])).toBe(true)
    expect(await it.store.has('call', 'a')).toBe(true)
    await it.store.revoke({ id: 'x', at: 1, until: Date.now() + 60_000 })
    expect(await idsIn(it.store, 'call')).toEqual(['a', 'b'])
    expect(await it.store.list({ limit: 10 })).toHaveLength(1)
    expect(await it.store.forget('call', Date.now() + 1)).toBe(true)
    await eventually(() =>
      expect(changes.map(({ kind }) => kind).sort()).toEqual([
        'appended',
        'appended',
        'appended',
        'forgotten',
        'forgotten',
      ]),
    )
    expect(it.store.warnings.join()).not.toMatch(/cannot be reached|master_replid/)
  })
})

describeWithRedis('redisStore on a cluster', () => {
  let cluster: TestRedis[]
  beforeAll(async () => {
    cluster = await startCluster()
  }, 60_000)
  afterAll(() => Promise.all(cluster.map((server) => server[Symbol.asyncDispose]())))

  const storeOnCluster = () =>
    redisStore({ url: cluster.map(({ url }) => url), timeoutMs: 1_000, prefix: randomUUID(), warn: () => {} })

  describeCallStore('redisStore on a cluster', storeOnCluster)

  it('the Redis store distributes calls over the nodes of a Redis Cluster', async () => {
    await using it = disposable(storeOnCluster())
    const calls = Array.from({ length: 60 }, (_, index) => `call-${index}`)
    await Promise.all(calls.map((call) => it.store.append(call, news('a', 'b'))))
    const listed = await it.store.list({ limit: 100 })
    expect(listed.map(({ callId }) => callId).sort()).toEqual(calls.sort())
    for (const server of cluster) expect(Number(server.cli('DBSIZE'))).toBeGreaterThan(5)
  })

  it('the Redis store is unavailable while any node of a Redis Cluster is down, and recovers with that node', async () => {
    await using it = disposable(storeOnCluster())
    for (const server of cluster) {
      await it.store.ping()
      server.pause()
      try {
        await expect(it.store.ping()).rejects.toSatisfy(StoreUnavailableError.isInstance)
      } finally {
        server.resume()
      }
      await vi.waitFor(() => it.store.ping())
    }
  })
})

const idsOf = (change: StoreChange) =>
  change.kind === 'appended' ? change.records.map(({ event }) => event.id) : ['forgotten']

const disposable = <Store extends CallStore>(store: Store) => ({
  store,
  [Symbol.asyncDispose]: () => store.close(),
})
