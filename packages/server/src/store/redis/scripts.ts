/**
 * The Lua scripts that run atomically in Redis.
 *
 * A call is one hash, so that eviction or expiry removes it completely. Its fields: `epoch`, `seq`, `updated`,
 * `session` (if known), `s:N` the body of event N, `e:ID` the digest of the event with that id.
 *
 * The published epoch joins the log's own id and `master_replid`. Redis changes `master_replid` when it restarts or
 * fails over, which is when it may have lost acknowledged events. Each script reads both atomically with the log.
 */
import { createHash } from 'node:crypto'

/** A Lua script and its hash, by which Redis caches the script. */
export interface Script {
  readonly source: string
  readonly sha: string
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

const EPOCH = `
local function epoch_of(mark)
  return mark .. '.' .. string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or '', 1, 12)
end
`

const LISTED = `
local function update_list(list, live, ended, call, place, isOver, expired)
  redis.call('ZADD', list, place, call)
  redis.call('ZADD', isOver and ended or live, place, call)
  redis.call('ZREM', isOver and live or ended, call)
  if expired == '' then return end
  for _, key in ipairs({ list, live, ended }) do redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. expired) end
end
`

/**
 * Keys: the call, whose channel has the same name. On one server also its list shards, and its session's legs if any:
 * the append then includes `LIST` and `JOIN`.
 * Arguments: the deadline (Redis clock, ms), the id of a new log, the time, how long to keep the call, the publish
 * command, its session or '', the expected head ('' for no log, * for any), the call's id, the list message, the score
 * below which calls have expired, 1 if the call is over; then the id, digest and body of each event; then the trace
 * context of the append, if it has one, which is published and not stored.
 *
 * Returns the epoch, the sequence number before the first event, and the fate of each event: `a`ppended, `d`uplicate,
 * `c`onflict. A stale append with a new event appends nothing and returns no fates. An append past its deadline
 * returns `late`, because its caller has timed out.
 */
export const APPEND = script(`${EPOCH}${LISTED}
local call = KEYS[1]
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
if clock > tonumber(ARGV[1]) then return { 'late', string.format('%.0f', clock) } end

local known = redis.call('HMGET', call, 'epoch', 'seq')
local mark, before = known[1] or ARGV[2], tonumber(known[2]) or 0
local epoch = epoch_of(mark)
if ARGV[7] ~= '*' and ARGV[7] ~= (known[1] and epoch .. ' ' .. before or '') then
  for i = 12, #ARGV - 2, 3 do
    if redis.call('HEXISTS', call, 'e:' .. ARGV[i]) == 0 then return { epoch, before } end
  end
end

local seq, fates, bodies = before, {}, {}
for i = 12, #ARGV - 2, 3 do
  local id, digest, body = 'e:' .. ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local existing = redis.call('HGET', call, id)
  if existing then
    fates[#fates + 1] = existing == digest and 'd' or 'c'
  else
    seq = seq + 1
    redis.call('HSET', call, id, digest, 's:' .. seq, body)
    fates[#fates + 1] = 'a'
    bodies[#bodies + 1] = body
  end
end

if seq > before then
  redis.call('HSET', call, 'epoch', mark, 'seq', seq, 'updated', ARGV[3])
  if ARGV[6] ~= '' then redis.call('HSET', call, 'session', ARGV[6]) end
  redis.call('PEXPIRE', call, ARGV[4])
  local trace = #ARGV % 3 == 0 and ',"traceparent":"' .. ARGV[#ARGV] .. '"' or ''
  redis.call(ARGV[5], call,
    '{"epoch":"' .. epoch .. '","after":' .. before .. ',"events":[' .. table.concat(bodies, ',') .. ']' .. trace .. '}')
  local list, legs = KEYS[2], KEYS[5]
  if list then
    update_list(list, KEYS[3], KEYS[4], ARGV[8], ARGV[3], ARGV[11] == '1', before == 0 and ARGV[10] or '')
    redis.call(ARGV[5], list, ARGV[9])
  end
  if legs then
    redis.call('SADD', legs, ARGV[8])
    redis.call('PEXPIRE', legs, ARGV[4])
  end
end
return { epoch, before, table.concat(fates) }
`)

/**
 * Key: the call. Arguments: the sequence number to read after (-1 for the last event only), the maximum count.
 * Returns the epoch, the last sequence number, the number read after, and the bodies; nothing if there is no such call.
 */
export const READ = script(`${EPOCH}
local known = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if not known[1] then return false end
local seq, after = tonumber(known[2]), tonumber(ARGV[1])
if after < 0 then after = seq - 1 end
local last, bodies = math.min(seq, after + tonumber(ARGV[2])), {}
for from = after + 1, last, 500 do
  local fields = {}
  for each = from, math.min(from + 499, last) do fields[#fields + 1] = 's:' .. each end
  for _, body in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do bodies[#bodies + 1] = body end
end
return { epoch_of(known[1]), seq, after, bodies }
`)

/**
 * Key: the call. Arguments: the expected epoch and sequence number, its new log id, the publish command; then the
 * number and body of each rewritten event. Returns the time of the last append, or nothing if the head differs.
 */
export const REWRITE = script(`${EPOCH}
local call = KEYS[1]
local known = redis.call('HMGET', call, 'epoch', 'seq', 'updated')
if not known[1] or epoch_of(known[1]) ~= ARGV[1] or known[2] ~= ARGV[2] then return false end
if #ARGV > 4 then
  for i = 5, #ARGV, 2 do redis.call('HSET', call, 's:' .. ARGV[i], ARGV[i + 1]) end
  redis.call('HSET', call, 'epoch', ARGV[3])
  redis.call(ARGV[4], call, '{"epoch":"' .. epoch_of(ARGV[3]) .. '","after":' .. (tonumber(ARGV[2]) - 1) ..
    ',"events":[' .. (redis.call('HGET', call, 's:' .. ARGV[2]) or 'null') .. ']}')
end
return known[3]
`)

/** Keys: the list shards of each stage. Arguments: the call, which leaves its stage unless its log grew since a time. */
export const LEAVE_STAGE = script(`
for _, key in ipairs(KEYS) do
  local place = redis.call('ZSCORE', key, ARGV[1])
  if place and tonumber(place) <= tonumber(ARGV[2]) then redis.call('ZREM', key, ARGV[1]) end
end
return 1
`)

/**
 * Key: the call. Arguments: the publish command, and the time before which the log must have grown last, or ''.
 * Returns its session or '', 1 if it has grown since and was not erased, or nothing if there is no such call.
 */
export const FORGET = script(`
local known = redis.call('HMGET', KEYS[1], 'updated', 'session')
if not known[1] then return false end
if ARGV[2] ~= '' and tonumber(known[1]) >= tonumber(ARGV[2]) then return 1 end
redis.call('UNLINK', KEYS[1])
redis.call(ARGV[1], KEYS[1], '{"forgotten":true}')
return known[2] or ''
`)

/** Key: the legs of a session. Arguments: the call to add, how long to keep the key. */
export const JOIN = script(`
redis.call('SADD', KEYS[1], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

/**
 * Keys: the list shards of the call; the channel has the name of the first. Arguments: the publish command, the
 * message, the call, its score or '' to remove it, the score below which calls have expired or '', 1 if the call is
 * over. Returns how many entries were removed.
 */
export const LIST = script(`${LISTED}
local removed = 0
if ARGV[4] == '' then
  for _, key in ipairs(KEYS) do removed = removed + redis.call('ZREM', key, ARGV[3]) end
else
  update_list(KEYS[1], KEYS[2], KEYS[3], ARGV[3], ARGV[4], ARGV[6] == '1', ARGV[5])
end
redis.call(ARGV[1], KEYS[1], ARGV[2])
return removed
`)

/**
 * Key: the revocations by expiry, whose channel has the same name. Arguments: the publish command, the revocation, its
 * expiry, the time.
 */
export const REVOKE = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
redis.call(ARGV[1], KEYS[1], ARGV[2])
return 1
`)
