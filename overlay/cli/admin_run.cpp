#include "overlay/cli/admin_run.h"

#include <memory>
#include <utility>

#include "overlay/cli/admin_client.h"
#include "overlay/cli/admin_text.h"
#include "overlay/cli/command.h"
#include "overlay/cli/output.h"
#include "overlay/loop/files.h"

namespace cli {
namespace {

using nlohmann::json;

int fail(const base::Error& error) {
  print_error(error.text());
  return kExitFailed;
}

int misuse(const base::Error& error) {
  print_error(error.text());
  return kExitUsage;
}

// What a server sends is text of any kind: bytes that are no UTF-8 are replaced, not thrown about.
std::string pretty(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

// The client, or null after an error was printed and `exit_code` set.
std::unique_ptr<AdminClient> connect(const AdminTarget& target, int& exit_code) {
  if (target.api.empty() || target.key_file.empty()) {
    print_error(
        "which coordinator? give --api https://HOST:PORT and --key-file FILE, or set LINKSPAN_API "
        "and LINKSPAN_KEY_FILE");
    exit_code = kExitUsage;
    return nullptr;
  }
  auto client = AdminClient::open(target.api, target.key_file);
  if (!client.ok()) {
    exit_code =
        client.error().text().starts_with("--api") ? misuse(client.error()) : fail(client.error());
    return nullptr;
  }
  return std::move(client).value();
}

base::Result<std::string> only_network(AdminClient& client) {
  const auto networks = client.list(Kind::Network, {}, 2);
  if (!networks.ok()) {
    return networks.error();
  }
  if (networks.value().size() != 1 || !networks.value()[0].is_object()) {
    return base::Error(base::Errc::NotFound,
                       networks.value().empty()
                           ? "there is no network yet: linkspan network create NAME"
                           : "which network? there are several, give --network NAME");
  }
  const json name = networks.value()[0].value("name", json());
  return name.is_string() ? name.get<std::string>() : std::string();
}

// Puts the key into a file that only its owner reads.
int store_key(const json& item, const std::string& path, bool is_json) {
  const json key = item.value("key", json());
  if (!key.is_string()) {
    return fail({base::Errc::Malformed, "the coordinator's answer has no key"});
  }
  constexpr mode_t kKeyMode = 0600;
  if (auto status = loop::write_file_atomic(path, key.get<std::string>() + "\n", kKeyMode);
      !status.ok()) {
    return fail(status.error().within("the key was made, but not stored"));
  }
  json shown = item;
  shown.erase("key");
  shown["key_file"] = path;
  print_line(is_json ? pretty(shown) : "API key written to " + path);
  return kExitOk;
}

}  // namespace

int run_create(const AdminTarget& target, const Creation& creation, bool is_json) {
  if (auto request = creation.make_request(); !request.ok()) {
    return misuse(request.error());  // before anybody is asked
  }
  int exit_code = kExitOk;
  const auto client = connect(target, exit_code);
  if (client == nullptr) {
    return exit_code;
  }
  if (creation.network != nullptr && creation.network->empty()) {
    auto network = only_network(*client);
    if (!network.ok()) {
      return fail(network.error());
    }
    *creation.network = std::move(network).value();
  }
  const auto request = creation.make_request();
  const auto made = client->call(request.value());
  if (!made.ok()) {
    return fail(made.error());
  }
  if (!creation.key_output.empty() && made.value().is_object()) {
    return store_key(made.value(), creation.key_output, is_json);
  }
  if (is_json) {
    print_line(pretty(made.value()));
  } else {
    print_part(format_created(creation.kind, made.value(), client->wall_now()));
  }
  return kExitOk;
}

int run_list(const AdminTarget& target, Kind kind, const Filters& filters, std::size_t limit,
             bool is_json) {
  int exit_code = kExitOk;
  const auto client = connect(target, exit_code);
  if (client == nullptr) {
    return exit_code;
  }
  auto items = client->list(kind, filters, limit);
  if (!items.ok()) {
    return fail(items.error());
  }
  if (is_json) {
    print_line(pretty({{"items", std::move(items).value()}}));
  } else {
    print_part(format_list(kind, items.value(), client->wall_now()));
  }
  return kExitOk;
}

int run_show(const AdminTarget& target, const Selection& selection, bool is_json) {
  int exit_code = kExitOk;
  const auto client = connect(target, exit_code);
  if (client == nullptr) {
    return exit_code;
  }
  const auto id = client->find(selection.kind, selection.text, selection.filters);
  if (!id.ok()) {
    return fail(id.error());
  }
  const auto item = client->call(show_request(selection.kind, id.value()));
  if (!item.ok()) {
    return fail(item.error());
  }
  if (is_json) {
    print_line(pretty(item.value()));
  } else {
    print_part(format_one(selection.kind, item.value(), client->wall_now()));
  }
  return kExitOk;
}

int run_remove(const AdminTarget& target, const Selection& selection, bool is_json) {
  int exit_code = kExitOk;
  const auto client = connect(target, exit_code);
  if (client == nullptr) {
    return exit_code;
  }
  const auto id = client->find(selection.kind, selection.text, selection.filters);
  if (!id.ok()) {
    return fail(id.error());
  }
  if (const auto removed = client->call(remove_request(selection.kind, id.value()));
      !removed.ok()) {
    return fail(removed.error());
  }
  const bool is_revoked = selection.kind == Kind::Token || selection.kind == Kind::ApiKey;
  if (is_json) {
    print_line(pretty({{"id", id.value()}, {is_revoked ? "revoked" : "removed", true}}));
  } else {
    print_line(std::string(names_of(selection.kind).singular) + " " + selection.text +
               (is_revoked ? " revoked" : " removed"));
  }
  return kExitOk;
}

int run_confirm_removals(const AdminTarget& target, const std::string& network, bool is_json) {
  int exit_code = kExitOk;
  const auto client = connect(target, exit_code);
  if (client == nullptr) {
    return exit_code;
  }
  const auto id = client->find(Kind::Network, network, {});
  if (!id.ok()) {
    return fail(id.error());
  }
  if (const auto confirmed = client->call(confirm_removals_request(id.value())); !confirmed.ok()) {
    return fail(confirmed.error());
  }
  if (is_json) {
    print_line(pretty({{"id", id.value()}, {"confirmed", true}}));
  } else {
    print_line("network " + network + ": what its views say now is signed as meant");
  }
  return kExitOk;
}

}  // namespace cli
