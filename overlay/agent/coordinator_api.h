// Requests of a node to its coordinator: built and signed here, sent by whoever has a client. What
// comes back is turned into one sentence for people.
#pragma once

#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/digest.h"
#include "overlay/crypto/keys.h"
#include "overlay/loop/http_client.h"
#include "overlay/model/view_frame.h"

namespace agent {

struct Identity;

// Gives times for signed requests: the wall clock's, but strictly ascending, as replay protection
// asks, also when the clock stands or steps back a little.
class RequestClock {
 public:
  base::WallTime next(base::WallTime now);

 private:
  base::WallTime last_;
};

// A POST with a JSON body, signed as the node, or, before it is enrolled, with its identity key's
// text in the node's place. Ends within kRequestTimeout.
inline constexpr base::Duration kRequestTimeout = std::chrono::seconds(15);
loop::HttpRequest signed_post(const Identity& identity, std::string_view target, std::string body,
                              base::WallTime time);

// The endless GET of the view stream. Requires identity.enrolment.
loop::HttpRequest signed_view_request(const Identity& identity, const model::Cursor& cursor,
                                      base::WallTime time);

// What an answer that is not a success says, for people: the problem document's detail, or else its
// title, or else "HTTP status 502". Control characters are taken out; at most 512 bytes.
std::string refusal_text(int status, std::string_view body);

}  // namespace agent
