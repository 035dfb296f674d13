#include "overlay/cli/admin_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "overlay/base/hex.h"
#include "overlay/cli/admin_text.h"
#include "overlay/cli/wait.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/files.h"
#include "overlay/model/token.h"

namespace cli {
namespace {

using nlohmann::json;

constexpr std::size_t kKeyFileBytesMax = 4096;

std::string octal(mode_t mode) {
  std::string text = "0";
  for (const unsigned shift : {6U, 3U, 0U}) {
    text += static_cast<char>('0' + (mode >> shift & 7U));
  }
  return text;
}

base::Status check_key_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return {};  // reading it says why
  }
  const auto refuse = [&](const std::string& why) {
    return base::Error(base::Errc::Unauthenticated, "key file " + path + ": " + why);
  };
  if ((status.st_mode & 077U) != 0) {
    return refuse("mode " + octal(status.st_mode & 0777U) +
                  " lets others read it, expected 0600: chmod 600 " + path);
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return refuse("belongs to user " + std::to_string(status.st_uid) + ", expected " +
                  std::to_string(::geteuid()) + " or root");
  }
  return {};
}

std::string random_name() {
  std::array<std::uint8_t, 16> bytes{};
  crypto::SystemRandom().fill(bytes);
  return base::hex_encode(bytes);
}

}  // namespace

base::Result<AdminKey> read_key_file(const std::string& path) {
  if (auto status = check_key_file(path); !status.ok()) {
    return status.error();
  }
  auto text = loop::read_file(path, kKeyFileBytesMax);
  if (!text.ok()) {
    return text.error().within("key file");
  }
  std::string line = std::move(text).value();
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) {
    line.pop_back();
  }
  const auto key = model::ApiKey::parse(line);
  if (!key.ok()) {
    return key.error().within("key file " + path);
  }
  return AdminKey{"Bearer " + line.substr(0, line.rfind('.')), key.value().pin};
}

base::Result<std::unique_ptr<AdminClient>> AdminClient::open(const std::string& api,
                                                             const std::string& key_file) {
  crypto::init();
  if (!api.starts_with("https://")) {
    return base::Error(base::Errc::Malformed,
                       "--api: \"" + api + "\", expected https://HOST[:PORT]");
  }
  auto key = read_key_file(key_file);
  if (!key.ok()) {
    return key.error();
  }
  std::string base_url = api;
  while (base_url.ends_with('/')) {
    base_url.pop_back();
  }
  return std::make_unique<AdminClient>(std::move(base_url), std::move(key).value());
}

AdminClient::AdminClient(std::string api, AdminKey key)
    : api_(std::move(api)), key_(std::move(key)) {}

base::Result<json> AdminClient::call(const ApiRequest& request) {
  loop::HttpRequest http;
  http.method = request.method;
  http.url = api_ + request.target;
  http.headers = {{"Authorization", key_.bearer}, {"Accept", "application/json"}};
  http.pinned_spki = key_.pin;
  http.total_timeout = kTimeout;
  http.body_bytes_max = kAnswerBytesMax;
  if (!request.body.is_null()) {
    http.headers.push_back({"Content-Type", "application/json"});
    http.headers.push_back({"Idempotency-Key", random_name()});
    http.body = request.body.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  auto answer = send_and_wait(loop_, client_, http);
  if (!answer.ok() && answer.error().code() == base::Errc::Unavailable &&
      answer.error().text().find(": connect: ") == std::string::npos) {
    answer = send_and_wait(loop_, client_, std::move(http));
  }
  if (!answer.ok()) {
    return answer.error();
  }
  const loop::HttpResponse& response = answer.value();
  if (response.status < 200 || response.status >= 300) {
    return api_error(response.status, response.body);
  }
  auto body = decode_answer(response.body);
  return body.ok() ? body : body.error().within(api_);
}

base::Result<std::vector<json>> AdminClient::list(Kind kind, const Filters& filters,
                                                  std::size_t limit) {
  std::vector<json> items;
  std::string after;
  do {
    const std::size_t wanted = std::min(kPageItems, limit - items.size());
    auto page = call(list_request(kind, filters, wanted, after));
    if (!page.ok()) {
      return page.error();
    }
    const json& body = page.value();
    if (!body.is_object() || !body.contains("items") || !body["items"].is_array()) {
      return base::Error(base::Errc::Malformed,
                         api_ + ": the answer has no items; is this a Linkspan coordinator?");
    }
    for (const json& item : body["items"]) {
      items.push_back(item);
    }
    const auto next = body.find("next");
    const bool is_more = next != body.end() && next->is_string() && !body["items"].empty();
    after = is_more ? next->get<std::string>() : "";
  } while (!after.empty() && items.size() < limit);
  return items;
}

base::Result<std::string> AdminClient::find(Kind kind, const std::string& text, Filters filters) {
  const std::string what(names_of(kind).singular);
  if (is_id(kind, text)) {
    return text;
  }
  if (kind == Kind::Token || kind == Kind::Replica) {  // which have no names
    return base::Error(base::Errc::Malformed, what + ": \"" + text + "\", expected an id");
  }
  filters["name"] = text;
  const auto found = list(kind, filters, 100);
  if (!found.ok()) {
    return found.error();
  }
  std::vector<std::string> ids;
  for (const json& item : found.value()) {
    const json id = item.is_object() ? item.value("id", json()) : json();
    if (id.is_string() || id.is_number_unsigned()) {
      ids.push_back(id.is_string() ? id.get<std::string>() : id.dump());
    }
  }
  if (ids.empty()) {
    return base::Error(base::Errc::NotFound, what + ": \"" + text + "\" does not exist");
  }
  if (ids.size() > 1) {
    std::string list;
    for (const std::string& id : ids) {
      list += (list.empty() ? "" : ", ") + id;
    }
    return base::Error(base::Errc::Conflict, what + ": \"" + text + "\" is the name of " +
                                                 std::to_string(ids.size()) +
                                                 ", give one of their ids: " + list);
  }
  if (!is_id(kind, ids.front())) {
    return base::Error(base::Errc::Malformed, what + ": the coordinator gave an odd id");
  }
  return ids.front();
}

}  // namespace cli
