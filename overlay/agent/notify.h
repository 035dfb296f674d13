// The service manager's notify protocol (sd_notify(3)): one datagram, no library.
#pragma once

#include <string_view>

#include "overlay/base/result.h"

namespace agent {

// Sends `state` ("READY=1", "STATUS=...") to the socket that $NOTIFY_SOCKET names, which may be a
// path or, with '@' in front, an abstract name. Ok, and nothing sent, when the variable is not set.
// Never blocks. Errors: Malformed for a name that is no socket address; Unavailable otherwise.
base::Status notify_service_manager(std::string_view state);

}  // namespace agent
