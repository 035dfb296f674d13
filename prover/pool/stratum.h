// AleoStratum/2.0.0: JSON-RPC 2.0, one object a line. Messages, and their one way to and from text.
//
// Decoding is strict where bytes are taken from: types, lengths, counts of parameters, UTF-8, no
// member twice. Members that JSON-RPC does not know are passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/base/result.h"
#include "prover/pool/share.h"

namespace prover {

inline constexpr std::string_view kStratumVersion = "AleoStratum/2.0.0";

inline constexpr std::size_t kUserAgentBytesMax = 128;
inline constexpr std::size_t kWorkerBytesMax = 128;
inline constexpr std::size_t kPasswordBytesMax = 128;
inline constexpr std::size_t kSessionIdBytesMax = 64;
inline constexpr std::size_t kJobIdBytesMax = 64;
inline constexpr std::size_t kRefusalBytesMax = 256;  // of an error's text; the rest is cut
inline constexpr std::size_t kNoncePrefixBytesMax = 7;

// Why a request is refused, as numbered on the wire.
enum class StratumCode {
  Other = 20,
  Stale = 21,  // the job is not the one worked on
  Duplicate = 22,
  LowDifficulty = 23,
  Unauthorized = 24,
  NotSubscribed = 25,
};

// A number, a text, or none: without an id nothing is answered.
using MessageId = std::variant<std::monostate, std::int64_t, std::string>;

struct Refusal {
  StratumCode code = StratumCode::Other;
  std::string text;
};

// From prover to pool.
struct SubscribeRequest {
  MessageId id;
  std::string user_agent;
  std::string protocol;
  std::optional<std::string> session_id;  // to resume
};
struct AuthorizeRequest {
  MessageId id;
  std::string worker;
  std::string password;
};
struct SubmitRequest {
  MessageId id;
  std::string worker;
  std::string job_id;
  Share share;
};
// What could not be read. `is_submit` when it was meant to be a share.
struct BadRequest {
  MessageId id;
  Refusal refusal;
  bool is_submit = false;
};
using PoolRequest = std::variant<SubscribeRequest, AuthorizeRequest, SubmitRequest, BadRequest>;

// From pool to prover.
struct SetTarget {
  std::uint64_t target = 1;
};
struct Notify {
  std::string job_id;
  EpochChallenge challenge;
  std::optional<Bytes32> address;
  bool clean_jobs = true;
};
// The leading bytes of every nonce that a session searches, most significant first: a prefix of k
// bytes leaves the 2^(64-8k) nonces from prefix * 2^(64-8k) on.
struct NoncePrefix {
  std::uint64_t value = 0;
  std::size_t size_bytes = 0;  // 0: the whole space

  friend bool operator==(const NoncePrefix&, const NoncePrefix&) = default;
};
struct Subscription {
  std::optional<std::string> session_id;
  NoncePrefix prefix;  // "server nonce" on the wire; null there for size 0
  Bytes32 address{};
};
struct Answer {
  MessageId id;
  // `true`, a subscription, or a refusal; `false` and null are refusals without words. A refusal's
  // code as sent, which may be none of ours.
  struct Refused {
    std::int64_t code = 0;
    std::string text;
  };
  std::variant<bool, Subscription, Refused> result;
};
using PoolMessage = std::variant<SetTarget, Notify, Answer>;

// One line, without its end. Never fails: what cannot be read is a BadRequest.
PoolRequest decode_request(std::string_view line);
// Errors: Malformed, LimitExceeded, with the member and what was expected.
base::Result<PoolMessage> decode_message(std::string_view line);

// Lines with their end. At most kLineBytesMax bytes for fields within the limits above.
std::string encode(const SubscribeRequest& request);
std::string encode(const AuthorizeRequest& request);
std::string encode(const SubmitRequest& request);
std::string encode(const SetTarget& message);
std::string encode(const Notify& message);
std::string encode(const Answer& message);
std::string encode_refusal(const MessageId& id, const Refusal& refusal);

// hex(u32LE epoch), which the reference client wants to see and nothing else.
std::string job_id_of(std::uint32_t epoch);

}  // namespace prover
