#include "prover/pool/stratum.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/model/json_reader.h"
#include "prover/pool/line_reader.h"

namespace prover {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kIdBytesMax = 64;

base::Error malformed(const std::string& text) {
  return {base::Errc::Malformed, text};
}

// Reads `params` by position; the first failure sticks.
class Parameters {
 public:
  Parameters(const Json& message, std::size_t count_min, std::size_t count_max) {
    const auto found = message.find("params");
    if (found == message.end() || !found->is_array()) {
      fail("params: " + (found == message.end() ? "absent" : model::shown(*found)) +
           ", expected an array");
      return;
    }
    list_ = &*found;
    if (list_->size() < count_min || list_->size() > count_max) {
      fail("params: " + std::to_string(list_->size()) + " of them, expected " +
           std::to_string(count_max));
    }
  }

  std::string text(const char* name, std::size_t size_max) {
    const Json* value = next();
    if (value == nullptr) {
      return "";
    }
    if (!value->is_string()) {
      fail(at(name) + model::shown(*value) + ", expected a text");
      return "";
    }
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > size_max) {
      fail(at(name) + std::to_string(text.size()) + " bytes, expected at most " +
           std::to_string(size_max));
      return "";
    }
    return text;
  }

  std::optional<std::string> optional_text(const char* name, std::size_t size_max) {
    if (!failed() && (index_ >= list_->size() || (*list_)[index_].is_null())) {
      ++index_;
      return std::nullopt;
    }
    return text(name, size_max);
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> hex(const char* name) {
    std::array<std::uint8_t, N> out{};
    const Json* value = next();
    if (value == nullptr) {
      return out;
    }
    const std::string digits = std::to_string(2 * N) + " hex digits";
    if (!value->is_string()) {
      fail(at(name) + model::shown(*value) + ", expected " + digits);
      return out;
    }
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() != 2 * N) {
      fail(at(name) + std::to_string(text.size()) + " characters, expected " + digits);
      return out;
    }
    std::string lower = text;
    std::ranges::transform(lower, lower.begin(), [](char c) {
      return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto bytes = base::hex_decode(lower);
    if (!bytes.ok()) {
      fail(at(name) + "a character that is no hex digit, expected " + digits);
      return out;
    }
    std::ranges::copy(bytes.value(), out.begin());
    return out;
  }

  std::uint64_t positive(const char* name) {
    const Json* value = next();
    if (value != nullptr && (!value->is_number_unsigned() || *value == 0U)) {
      fail(at(name) + model::shown(*value) + ", expected a number in 1..2^64-1");
    }
    return failed() ? 1 : value->get<std::uint64_t>();
  }

  bool boolean(const char* name) {
    const Json* value = next();
    if (value != nullptr && !value->is_boolean()) {
      fail(at(name) + model::shown(*value) + ", expected true or false");
    }
    return !failed() && value->get<bool>();
  }

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

 private:
  const Json* next() { return failed() ? nullptr : &(*list_)[index_++]; }
  std::string at(const char* name) const {
    return "params[" + std::to_string(index_ - 1) + "], " + name + ": ";
  }
  void fail(std::string text) {
    if (!failed()) {
      failure_ = std::move(text);
    }
  }

  const Json* list_ = nullptr;
  std::size_t index_ = 0;
  std::string failure_;
};

base::Result<MessageId> read_id(const Json& message) {
  const auto found = message.find("id");
  if (found == message.end() || found->is_null()) {
    return MessageId();
  }
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() <=
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return MessageId(found->get<std::int64_t>());
  }
  if (found->is_number_integer() && !found->is_number_unsigned()) {
    return MessageId(found->get<std::int64_t>());
  }
  if (found->is_string() && found->get_ref<const std::string&>().size() <= kIdBytesMax) {
    return MessageId(found->get<std::string>());
  }
  return malformed("id: " + model::shown(*found) +
                   ", expected a 64-bit integer, a text of at most 64 bytes, or null");
}

// The version is sent by the reference's codec and left out by its specification.
base::Status check_version(const Json& message) {
  const auto found = message.find("jsonrpc");
  if (found != message.end() && *found != "2.0") {
    return malformed("jsonrpc: " + model::shown(*found) + ", expected \"2.0\"");
  }
  return {};
}

base::Result<std::string> read_method(const Json& message) {
  const auto found = message.find("method");
  if (found == message.end() || !found->is_string()) {
    return malformed("method: " + (found == message.end() ? "absent" : model::shown(*found)) +
                     ", expected a text");
  }
  return found->get<std::string>();
}

// Names are shown to people, kept in Redis and put into metrics.
bool is_worker_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
}

PoolRequest bad(MessageId id, std::string text, bool is_submit = false) {
  return BadRequest{std::move(id), {StratumCode::Other, std::move(text)}, is_submit};
}

PoolRequest read_subscribe(MessageId id, const Json& message) {
  Parameters parameters(message, 2, 3);
  SubscribeRequest request;
  request.user_agent = parameters.text("user agent", kUserAgentBytesMax);
  request.protocol = parameters.text("protocol", kUserAgentBytesMax);
  request.session_id = parameters.optional_text("session id", kSessionIdBytesMax);
  if (parameters.failed()) {
    return bad(std::move(id), "mining.subscribe: " + parameters.failure());
  }
  request.id = std::move(id);
  return request;
}

PoolRequest read_authorize(MessageId id, const Json& message) {
  Parameters parameters(message, 2, 2);
  AuthorizeRequest request;
  request.worker = parameters.text("worker", kWorkerBytesMax);
  request.password = parameters.optional_text("password", kPasswordBytesMax).value_or("");
  if (parameters.failed()) {
    return bad(std::move(id), "mining.authorize: " + parameters.failure());
  }
  if (!is_worker_name(request.worker)) {
    return bad(std::move(id),
               "mining.authorize: params[0], worker: expected 1 to 128 printable characters of "
               "ASCII without spaces");
  }
  request.id = std::move(id);
  return request;
}

PoolRequest read_submit(MessageId id, const Json& message) {
  Parameters parameters(message, 5, 5);
  SubmitRequest request;
  request.worker = parameters.text("worker", kWorkerBytesMax);
  request.job_id = parameters.text("job id", kJobIdBytesMax);
  const auto nonce = parameters.hex<8>("nonce");
  request.share.commitment = parameters.hex<48>("commitment");
  request.share.proof = parameters.hex<49>("proof");
  if (parameters.failed()) {
    return bad(std::move(id), "mining.submit: " + parameters.failure(), true);
  }
  for (std::size_t i = nonce.size(); i-- > 0;) {
    request.share.nonce = request.share.nonce << 8 | nonce[i];
  }
  request.id = std::move(id);
  return request;
}

base::Result<NoncePrefix> read_prefix(const Json& value) {
  if (value.is_null()) {
    return NoncePrefix();
  }
  const auto bytes = value.is_string()
                         ? base::hex_decode(value.get_ref<const std::string&>())
                         : base::Result<std::vector<std::uint8_t>>(malformed("no text"));
  if (!bytes.ok() || bytes.value().size() > kNoncePrefixBytesMax) {
    return malformed("result[1], server nonce: " + model::shown(value) +
                     ", expected null or at most 14 hex digits");
  }
  NoncePrefix prefix;
  prefix.size_bytes = bytes.value().size();
  for (const std::uint8_t byte : bytes.value()) {
    prefix.value = prefix.value << 8 | byte;
  }
  return prefix;
}

base::Result<Subscription> read_subscription(const Json& list) {
  if (list.size() != 3) {
    return malformed("result: " + std::to_string(list.size()) + " members, expected 3");
  }
  Subscription subscription;
  if (!list[0].is_null()) {
    if (!list[0].is_string() || list[0].get_ref<const std::string&>().size() > kSessionIdBytesMax) {
      return malformed("result[0], session id: " + model::shown(list[0]) +
                       ", expected null or a text of at most 64 bytes");
    }
    subscription.session_id = list[0].get<std::string>();
  }
  auto prefix = read_prefix(list[1]);
  if (!prefix.ok()) {
    return prefix.error();
  }
  subscription.prefix = prefix.value();
  if (!list[2].is_string()) {
    return malformed("result[2], address: " + model::shown(list[2]) + ", expected a text");
  }
  const auto address = parse_address(list[2].get_ref<const std::string&>());
  if (!address.ok()) {
    return address.error().within("result[2], address");
  }
  subscription.address = address.value();
  return subscription;
}

base::Result<Answer::Refused> read_refusal(const Json& error) {
  const auto code = error.is_object() ? error.find("code") : error.end();
  const auto text = error.is_object() ? error.find("message") : error.end();
  if (!error.is_object() || code == error.end() || !code->is_number_integer() ||
      text == error.end() || !text->is_string()) {
    return malformed("error: " + model::shown(error) + ", expected {\"code\", \"message\"}");
  }
  return Answer::Refused{code->get<std::int64_t>(),
                         text->get_ref<const std::string&>().substr(0, kRefusalBytesMax)};
}

base::Result<PoolMessage> read_answer(MessageId id, const Json& message) {
  Answer answer{std::move(id), false};
  const auto error = message.find("error");
  if (error != message.end() && !error->is_null()) {
    auto refused = read_refusal(*error);
    if (!refused.ok()) {
      return refused.error();
    }
    answer.result = std::move(refused).value();
    return PoolMessage(std::move(answer));
  }
  const auto result = message.find("result");
  if (result == message.end()) {
    return malformed("neither method, result nor error");
  }
  if (result->is_array()) {
    auto subscription = read_subscription(*result);
    if (!subscription.ok()) {
      return subscription.error();
    }
    answer.result = std::move(subscription).value();
  } else if (result->is_boolean() || result->is_null()) {
    answer.result = result->is_boolean() && result->get<bool>();
  } else {
    return malformed("result: " + model::shown(*result) + ", expected true, null or an array");
  }
  return PoolMessage(std::move(answer));
}

base::Result<PoolMessage> read_set_target(const Json& message) {
  Parameters parameters(message, 1, 1);
  const SetTarget set{parameters.positive("target")};
  if (parameters.failed()) {
    return malformed("mining.set_target: " + parameters.failure());
  }
  return PoolMessage(set);
}

base::Result<PoolMessage> read_notify(const Json& message) {
  Parameters parameters(message, 4, 4);
  Notify notify;
  notify.job_id = parameters.text("job id", kJobIdBytesMax);
  const auto challenge = parameters.hex<kEpochChallengeBytes>("epoch challenge");
  const auto address = parameters.optional_text("address", kWorkerBytesMax);
  notify.clean_jobs = parameters.boolean("clean jobs");
  if (parameters.failed()) {
    return malformed("mining.notify: " + parameters.failure());
  }
  const auto decoded = decode_challenge(challenge);
  if (!decoded.ok()) {
    return decoded.error().within("mining.notify: params[1], epoch challenge");
  }
  notify.challenge = decoded.value();
  if (address) {
    const auto parsed = parse_address(*address);
    if (!parsed.ok()) {
      return parsed.error().within("mining.notify: params[2], address");
    }
    notify.address = parsed.value();
  }
  return PoolMessage(std::move(notify));
}

Json id_json(const MessageId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) {
    return *number;
  }
  if (const auto* text = std::get_if<std::string>(&id)) {
    return *text;
  }
  return nullptr;
}

// Texts of refusals may quote what a peer sent: never a reason to fail.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string request_line(const MessageId& id, const char* method, Json params) {
  return line_of(
      {{"jsonrpc", "2.0"}, {"id", id_json(id)}, {"method", method}, {"params", std::move(params)}});
}

Json text_or_null(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json();
}

std::array<std::uint8_t, 8> little_endian(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return bytes;
}

Json prefix_json(const NoncePrefix& prefix) {
  if (prefix.size_bytes == 0) {
    return nullptr;
  }
  std::vector<std::uint8_t> bytes(prefix.size_bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(prefix.value >> (8 * i));
  }
  return base::hex_encode(bytes);
}

}  // namespace

PoolRequest decode_request(std::string_view line) {
  const auto parsed = model::parse_json("line", line, kLineBytesMax);
  if (!parsed.ok()) {
    return bad({}, parsed.error().text());
  }
  const Json& message = parsed.value();
  auto id = read_id(message);
  if (!id.ok()) {
    return bad({}, id.error().text());
  }
  if (const auto version = check_version(message); !version.ok()) {
    return bad(std::move(id).value(), version.error().text());
  }
  const auto method = read_method(message);
  if (!method.ok()) {
    return bad(std::move(id).value(), method.error().text());
  }
  if (method.value() == "mining.subscribe") {
    return read_subscribe(std::move(id).value(), message);
  }
  if (method.value() == "mining.authorize") {
    return read_authorize(std::move(id).value(), message);
  }
  if (method.value() == "mining.submit") {
    return read_submit(std::move(id).value(), message);
  }
  return bad(std::move(id).value(), "method: " + model::shown(message["method"]) +
                                        ", expected mining.subscribe, authorize or submit");
}

base::Result<PoolMessage> decode_message(std::string_view line) {
  const auto parsed = model::parse_json("line", line, kLineBytesMax);
  if (!parsed.ok()) {
    return parsed.error();
  }
  const Json& message = parsed.value();
  auto id = read_id(message);
  if (!id.ok()) {
    return id.error();
  }
  if (const auto version = check_version(message); !version.ok()) {
    return version.error();
  }
  if (!message.contains("method")) {
    return read_answer(std::move(id).value(), message);
  }
  const auto method = read_method(message);
  if (!method.ok()) {
    return method.error();
  }
  if (method.value() == "mining.set_target") {
    return read_set_target(message);
  }
  if (method.value() == "mining.notify") {
    return read_notify(message);
  }
  return malformed("method: " + model::shown(message["method"]) +
                   ", expected mining.set_target or mining.notify");
}

std::string encode(const SubscribeRequest& request) {
  return request_line(
      request.id, "mining.subscribe",
      Json::array({request.user_agent, request.protocol, text_or_null(request.session_id)}));
}

std::string encode(const AuthorizeRequest& request) {
  return request_line(request.id, "mining.authorize",
                      Json::array({request.worker, request.password}));
}

std::string encode(const SubmitRequest& request) {
  return request_line(
      request.id, "mining.submit",
      Json::array(
          {request.worker, request.job_id, base::hex_encode(little_endian(request.share.nonce)),
           base::hex_encode(request.share.commitment), base::hex_encode(request.share.proof)}));
}

std::string encode(const SetTarget& message) {
  return request_line({}, "mining.set_target", Json::array({message.target}));
}

std::string encode(const Notify& message) {
  return request_line(
      {}, "mining.notify",
      Json::array({message.job_id, base::hex_encode(encode(message.challenge)),
                   message.address ? Json(format_address(*message.address)) : Json(),
                   message.clean_jobs}));
}

std::string encode(const Answer& message) {
  if (const auto* refused = std::get_if<Answer::Refused>(&message.result)) {
    return line_of({{"jsonrpc", "2.0"},
                    {"id", id_json(message.id)},
                    {"error", {{"code", refused->code}, {"message", refused->text}}}});
  }
  Json result;
  if (const auto* flag = std::get_if<bool>(&message.result)) {
    result = *flag;
  } else {
    const auto& subscription = std::get<Subscription>(message.result);
    result = Json::array({text_or_null(subscription.session_id), prefix_json(subscription.prefix),
                          format_address(subscription.address)});
  }
  return line_of({{"jsonrpc", "2.0"}, {"id", id_json(message.id)}, {"result", std::move(result)}});
}

std::string encode_refusal(const MessageId& id, const Refusal& refusal) {
  return encode(Answer{id, Answer::Refused{static_cast<std::int64_t>(refusal.code),
                                           refusal.text.substr(0, kRefusalBytesMax)}});
}

std::string job_id_of(std::uint32_t epoch) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(epoch >> (8 * i));
  }
  return base::hex_encode(bytes);
}

}  // namespace prover
