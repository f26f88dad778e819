/**
 * What happens inside Redis, in one step each.
 *
 * A call is one hash, so that it can only be lost whole: a log without its ids, or the reverse, cannot occur, whatever
 * is evicted or expires. Its fields: `epoch`, `seq`, `updated`; `session` the session it is a leg of, if that
 * is known; `s:N` the body of event N; `e:ID` the digest of the event of that id.
 *
 * The epoch that is told is the log's own mark and the data set's history id (`master_replid`). Redis makes a new
 * history when it restarts and when a replica takes over, which is exactly when it may have lost the end of what it
 * had acknowledged; reading it where the log is read leaves no moment in which an old epoch is told of a new history.
 */
import { createHash } from 'node:crypto'

/** A script and the name that Redis knows it by. */
export interface Script {
  readonly source: string
  readonly sha: string
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

const EPOCH = `
local function told(mark)
  return mark .. '.' .. string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or '', 1, 12)
end
`

const LISTED = `
local function listed(list, live, ended, call, place, isOver, expired)
  redis.call('ZADD', list, place, call)
  redis.call('ZADD', isOver and ended or live, place, call)
  redis.call('ZREM', isOver and live or ended, call)
  if expired == '' then return end
  for _, key in ipairs({ list, live, ended }) do redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. expired) end
end
`

/**
 * Key: the call, whose channel has the same name. Where one server has all keys, also its part of the list and of the
 * calls of each stage, and the calls of its session if it has one: what `LIST` and `JOIN` do is then done with the
 * append, and written to disk with it.
 * Arguments: the moment after which the caller has given up (by the clock of Redis, in milliseconds), a mark for the log
 * if it is new, the time, how long to keep the call, how to publish, its session or '', where the log must end (epoch
 * and number, '' for no log, * for anywhere), the call's id, what to tell those who watch the list, the place below
 * which calls have expired, 1 if the call is over; then the id, digest and body of each event.
 *
 * Answers the epoch, the number before the first, and the fate of each event: `a`ppended, `d`uplicate, `c`onflict.
 * If the log ends elsewhere and an event is new, nothing is appended and no fates are told. An append that comes too
 * late is not made: its caller has been told so.
 */
export const APPEND = script(`${EPOCH}${LISTED}
local call = KEYS[1]
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
if clock > tonumber(ARGV[1]) then return { 'late', string.format('%.0f', clock) } end

local known = redis.call('HMGET', call, 'epoch', 'seq')
local mark, before = known[1] or ARGV[2], tonumber(known[2]) or 0
local epoch = told(mark)
if ARGV[7] ~= '*' and ARGV[7] ~= (known[1] and epoch .. ' ' .. before or '') then
  for i = 12, #ARGV, 3 do
    if redis.call('HEXISTS', call, 'e:' .. ARGV[i]) == 0 then return { epoch, before } end
  end
end

local seq, fates, bodies = before, {}, {}
for i = 12, #ARGV, 3 do
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
  redis.call(ARGV[5], call,
    '{"epoch":"' .. epoch .. '","after":' .. before .. ',"events":[' .. table.concat(bodies, ',') .. ']}')
  local list, legs = KEYS[2], KEYS[5]
  if list then
    listed(list, KEYS[3], KEYS[4], ARGV[8], ARGV[3], ARGV[11] == '1', before == 0 and ARGV[10] or '')
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
 * Key: the call. Arguments: the number to read after (-1 for the last event alone), how many at most.
 * Answers the epoch, the last number, the number read after, and the bodies; nothing if there is no such call.
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
return { told(known[1]), seq, after, bodies }
`)

/**
 * Key: the call. Arguments: the epoch and number it must end at, its new mark, how to publish; then the number and body
 * of each event that is rewritten. Answers when its log grew if that was done, or nothing.
 */
export const REWRITE = script(`${EPOCH}
local call = KEYS[1]
local known = redis.call('HMGET', call, 'epoch', 'seq', 'updated')
if not known[1] or told(known[1]) ~= ARGV[1] or known[2] ~= ARGV[2] then return false end
if #ARGV > 4 then
  for i = 5, #ARGV, 2 do redis.call('HSET', call, 's:' .. ARGV[i], ARGV[i + 1]) end
  redis.call('HSET', call, 'epoch', ARGV[3])
  redis.call(ARGV[4], call, '{"epoch":"' .. told(ARGV[3]) .. '","after":' .. (tonumber(ARGV[2]) - 1) ..
    ',"events":[' .. (redis.call('HGET', call, 's:' .. ARGV[2]) or 'null') .. ']}')
end
return known[3]
`)

/** Keys: a part of the calls of each stage. Arguments: the call, and when its log grew: it leaves if it has not since. */
export const LEAVE_STAGE = script(`
for _, key in ipairs(KEYS) do
  local place = redis.call('ZSCORE', key, ARGV[1])
  if place and tonumber(place) <= tonumber(ARGV[2]) then redis.call('ZREM', key, ARGV[1]) end
end
return 1
`)

/**
 * Key: the call. Arguments: how to publish, and the moment before which it must have grown last, or ''. Answers its
 * session, or '' if it had none; 1 if it has grown since, and was not erased; nothing if there is none.
 */
export const FORGET = script(`
local known = redis.call('HMGET', KEYS[1], 'updated', 'session')
if not known[1] then return false end
if ARGV[2] ~= '' and tonumber(known[1]) >= tonumber(ARGV[2]) then return 1 end
redis.call('UNLINK', KEYS[1])
redis.call(ARGV[1], KEYS[1], '{"forgotten":true}')
return known[2] or ''
`)

/** Key: the calls of a session. Arguments: the call that joins it, how long to keep it. */
export const JOIN = script(`
redis.call('SADD', KEYS[1], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

/**
 * Keys: a part of the list of calls, whose channel has the same name, and of the calls of each stage. Arguments: how to
 * publish, what, the call, its place or '', the place below which calls have expired or '', and 1 if the call is over.
 * Answers how many lines were removed.
 */
export const LIST = script(`${LISTED}
local removed = 0
if ARGV[4] == '' then
  for _, key in ipairs(KEYS) do removed = removed + redis.call('ZREM', key, ARGV[3]) end
else
  listed(KEYS[1], KEYS[2], KEYS[3], ARGV[3], ARGV[4], ARGV[6] == '1', ARGV[5])
end
redis.call(ARGV[1], KEYS[1], ARGV[2])
return removed
`)

/**
 * Key: what was revoked, by when it need no longer be remembered; its channel has the same name. Arguments: how to
 * publish, the revocation, until when it counts, the time.
 */
export const REVOKE = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
redis.call(ARGV[1], KEYS[1], ARGV[2])
return 1
`)
