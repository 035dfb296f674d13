// The Lua scripts of RedisLog: each is one atomic step on the server, and each may be sent again
// when its answer was lost. Private to RedisLog.
//
// Keys: KEYS[1] the stream of batches (entry id "<last event>-0", field b), KEYS[2] the head, a
// hash of last, chain, epoch, seal, and of a field "confirmed" that is written to be replicated.
#pragma once

namespace coordinator {

// ARGV: new epoch, its seal, chain at 0, sequence to look up ("0": none).
// -> {last, chain, epoch, seal, next entry or false}, or {"foreign"}.
inline constexpr const char* kOpenScript = R"(
if redis.call('EXISTS', KEYS[2]) == 0 then
  if redis.call('EXISTS', KEYS[1]) == 1 then return {'foreign'} end
  redis.call('HSET', KEYS[2], 'last', '0', 'chain', ARGV[3], 'epoch', ARGV[1], 'seal', ARGV[2])
end
local head = redis.call('HMGET', KEYS[2], 'last', 'chain', 'epoch', 'seal')
local found = redis.call('XRANGE', KEYS[1], ARGV[4] .. '-0', '+', 'COUNT', 1)
return {head[1], head[2], head[3], head[4], found[1] and found[1][2][2] or false}
)";

// ARGV: epoch that is left, new epoch, its seal. -> {epoch, seal} that are now in force.
inline constexpr const char* kEpochScript = R"(
if redis.call('HGET', KEYS[2], 'epoch') == ARGV[1] then
  redis.call('HSET', KEYS[2], 'epoch', ARGV[2], 'seal', ARGV[3])
end
return redis.call('HMGET', KEYS[2], 'epoch', 'seal')
)";

// ARGV: last expected, chain expected, epoch, new last, new chain, batch.
// -> {"ok"|"there"|"conflict"|"diverged"|"epoch", last}. A batch that is there already, byte for
// byte, is ours (its nonce says so) and its answer was lost.
inline constexpr const char* kAppendScript = R"(
local head = redis.call('HMGET', KEYS[2], 'last', 'chain', 'epoch')
if head[3] ~= ARGV[3] then return {'epoch', head[1] or '0'} end
if head[1] == ARGV[1] and head[2] == ARGV[2] then
  redis.call('XADD', KEYS[1], ARGV[4] .. '-0', 'b', ARGV[6])
  redis.call('HSET', KEYS[2], 'last', ARGV[4], 'chain', ARGV[5])
  return {'ok', ARGV[4]}
end
local there = redis.call('XRANGE', KEYS[1], ARGV[4] .. '-0', ARGV[4] .. '-0')
if there[1] and there[1][2][2] == ARGV[6] then return {'there', ARGV[4]} end
if tonumber(head[1]) > tonumber(ARGV[1]) then return {'conflict', head[1]} end
return {'diverged', head[1]}
)";

// ARGV: sequence to look up. -> {last, chain, epoch, next entry or false}. Writes something that
// nobody reads: WAIT counts from what its own connection wrote last, and that covers all before it.
inline constexpr const char* kConfirmScript = R"(
if redis.call('EXISTS', KEYS[2]) == 0 then return {false, false, false, false} end
redis.call('HSET', KEYS[2], 'confirmed', ARGV[1])
local head = redis.call('HMGET', KEYS[2], 'last', 'chain', 'epoch')
local found = redis.call('XRANGE', KEYS[1], ARGV[1] .. '-0', '+', 'COUNT', 1)
return {head[1], head[2], head[3], found[1] and found[1][2][2] or false}
)";

// ARGV: after, batches at most. -> {last, chain, epoch, {batch...}}; stops after kReadBytes, so
// that one answer stays small however large the batches are.
inline constexpr const char* kReadScript = R"(
local head = redis.call('HMGET', KEYS[2], 'last', 'chain', 'epoch')
local batches, bytes, from, left = {}, 0, '(' .. ARGV[1] .. '-0', tonumber(ARGV[2])
while left > 0 and bytes < 4194304 do
  local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', math.min(left, 32))
  if #page == 0 then break end
  for _, entry in ipairs(page) do
    batches[#batches + 1] = entry[2][2]
    bytes = bytes + #entry[2][2]
    from = '(' .. entry[1]
    left = left - 1
  end
end
return {head[1], head[2], head[3], batches}
)";

}  // namespace coordinator
