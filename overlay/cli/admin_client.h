// The coordinator's API, as a command uses it: one question after the other, each waited for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/cli/admin_request.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"

namespace cli {

// What a key file holds, ready for use. The text is a secret.
struct AdminKey {
  std::string bearer;  // "Bearer lsk.<id>.<secret>": the pin is for us, not for the coordinator
  crypto::Digest256 pin{};  // of the coordinator's TLS key
};

// Reads `lsk.<id>.<secret>.<pin>`. Errors name the file: NotFound; Malformed; Unauthenticated when
// group or others may read it, or when it is neither ours nor root's.
base::Result<AdminKey> read_key_file(const std::string& path);

class AdminClient {
 public:
  static constexpr std::size_t kPageItems = 1000;
  static constexpr std::size_t kItemsMax = 1'000'000;
  static constexpr base::Duration kTimeout = std::chrono::seconds(30);

  // `api` is https://HOST[:PORT], as the join line has it. Errors: Malformed; as read_key_file().
  static base::Result<std::unique_ptr<AdminClient>> open(const std::string& api,
                                                         const std::string& key_file);
  AdminClient(std::string api, AdminKey key);
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  // The answer's JSON; null where it has none. A POST carries an Idempotency-Key, so that it may be
  // repeated: one that broke off is sent a second time. Errors: see api_error(); Unavailable.
  base::Result<nlohmann::json> call(const ApiRequest& request);

  // All items, page by page, `limit` at most.
  base::Result<std::vector<nlohmann::json>> list(Kind kind, const Filters& filters,
                                                 std::size_t limit);

  // The id of what `text` means: an id as it is, a name looked up with `filters`. Errors: NotFound;
  // Conflict when several have the name, listing their ids.
  base::Result<std::string> find(Kind kind, const std::string& text, Filters filters);

  base::WallTime wall_now() const { return loop_.wall_now(); }

 private:
  std::string api_;
  AdminKey key_;
  loop::Loop loop_;
  loop::HttpClient client_{loop_};
};

}  // namespace cli
