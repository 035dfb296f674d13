// A command's own loop, turned until what it waits for is there.
#pragma once

#include <functional>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"

namespace cli {

// Sends and waits for the answer; how long is in the request. Not from inside a callback.
base::Result<loop::HttpResponse> send_and_wait(loop::Loop& loop, loop::HttpClient& client,
                                               loop::HttpRequest request);

// Asks `is_done` every `interval` until it says yes or `wait` has passed. Gives its last answer.
bool wait_until(loop::Loop& loop, base::Duration wait, base::Duration interval,
                const std::function<bool()>& is_done);

// Lets time pass.
void wait_for(loop::Loop& loop, base::Duration wait);

}  // namespace cli
