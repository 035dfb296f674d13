// hiredis on our loop. Debian's adapters/libuv.h is not used: it drops the poll error that libuv
// reports for a refused connection, so hiredis never learns of it. Private to Redis.
#pragma once

#include <hiredis/async.h>

#include "overlay/base/result.h"
#include "overlay/loop/loop.h"

namespace loop {

// Makes `context` run on `loop` until hiredis frees it. Errors: Unavailable, from libuv.
base::Status attach_redis(redisAsyncContext& context, Loop& loop);

}  // namespace loop
