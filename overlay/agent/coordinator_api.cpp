#include "overlay/agent/coordinator_api.h"

#include <algorithm>
#include <utility>

#include "overlay/agent/identity.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/problem.h"
#include "overlay/model/request_signature.h"

namespace agent {
namespace {

constexpr std::size_t kRefusalBytesMax = 512;
constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 10;
// Above the silence that the view stream's machine allows: that one decides.
constexpr base::Duration kStreamIdleTimeout = std::chrono::minutes(5);
// The agent shares 20 MB with its view; a stream of changes needs no large buffer.
constexpr std::size_t kStreamBufferBytes = 16U << 10;

std::string node_text(const Identity& identity) {
  return identity.enrolment ? model::text_of(identity.enrolment->node_id)
                            : identity.identity_key.public_key().text();
}

loop::HttpRequest signed_request(const Identity& identity, std::string_view method,
                                 std::string_view target, std::string body, base::WallTime time) {
  const std::string node = node_text(identity);
  const std::string host = identity.host.text();
  const auto headers = model::sign_request(
      identity.identity_key,
      {.method = method, .target = target, .node = node, .time = time, .host = host},
      base::as_bytes(body));
  loop::HttpRequest request;
  request.method = method;
  request.url = identity.coordinator + std::string(target);
  request.headers = {{std::string(model::kNodeHeader), headers.node},
                     {std::string(model::kTimeHeader), headers.time},
                     {std::string(model::kHostHeader), headers.host},
                     {std::string(model::kSignatureHeader), headers.signature}};
  request.body = std::move(body);
  request.pinned_spki = identity.pin;
  request.http1_only = true;  // a stream over HTTP/2 costs the coordinator twice the memory
  return request;
}

}  // namespace

base::WallTime RequestClock::next(base::WallTime now) {
  last_ = std::max(now, base::WallTime{last_.unix_ms + 1});
  return last_;
}

loop::HttpRequest signed_post(const Identity& identity, std::string_view target, std::string body,
                              base::WallTime time) {
  auto request = signed_request(identity, "POST", target, std::move(body), time);
  request.headers.push_back({"content-type", "application/json"});
  request.connect_timeout = kRequestTimeout;
  request.total_timeout = kRequestTimeout;
  request.body_bytes_max = kAnswerBytesMax;
  return request;
}

loop::HttpRequest signed_view_request(const Identity& identity, const model::Cursor& cursor,
                                      base::WallTime time) {
  CHECK(identity.enrolment.has_value());
  const std::string target = "/v1/view?epoch=" + std::to_string(cursor.epoch) +
                             "&sequence=" + std::to_string(cursor.sequence);
  auto request = signed_request(identity, "GET", target, {}, time);
  request.total_timeout = std::nullopt;
  request.idle_timeout = kStreamIdleTimeout;
  request.buffer_bytes = kStreamBufferBytes;
  return request;
}

std::string refusal_text(int status, std::string_view body) {
  std::string text;
  if (const auto problem = model::decode_problem(body); problem.ok()) {
    text = problem.value().detail.empty() ? problem.value().title : problem.value().detail;
  }
  if (text.empty()) {
    text = "HTTP status " + std::to_string(status);
  }
  text.erase(
      std::remove_if(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
      text.end());
  if (text.size() > kRefusalBytesMax) {
    text.resize(kRefusalBytesMax);
  }
  return text;
}

}  // namespace agent
