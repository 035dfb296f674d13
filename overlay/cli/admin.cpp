#include "overlay/cli/admin.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "overlay/cli/admin_client.h"
#include "overlay/cli/admin_request.h"
#include "overlay/cli/admin_run.h"

namespace cli {
namespace {

constexpr const char* kWhere =
    "The coordinator is the one of --api https://HOST:PORT (or LINKSPAN_API); --key-file FILE (or\n"
    "LINKSPAN_KEY_FILE) holds the API key, readable by its owner only, such as the admin.key that\n"
    "the coordinator made at its first start. The key also says which TLS key is the\n"
    "coordinator's: no other server is talked to.\n"
    "\n"
    "Exit status: 0 done, 1 tried and failed (standard error says why), 2 wrong usage.";

// What the command line fills: one command runs in a process, so one of each is enough.
struct Values {
  AdminTarget target;
  NetworkArguments network;
  SiteArguments site;
  TokenArguments token;
  ReplicaArguments replica;
  ApiKeyArguments api_key;
  std::string key_output;
  std::string chosen;  // the NAME or ID of show and remove
  std::string in_network;
  std::string in_site;
  std::size_t limit = AdminClient::kItemsMax;
  bool is_json = false;

  Filters filters() const { return {{"network", in_network}, {"site", in_site}}; }
};

// Adds the commands; the values and the exit code live as long as the app, through the callbacks.
class AdminCommands {
 public:
  AdminCommands(CLI::App& app, Context& context) : app_(app), context_(context) {}

  void add();

 private:
  CLI::App* add_group(const char* name, const char* description);
  CLI::App* add_command(CLI::App* group, const char* name, const char* description,
                        std::function<int(Values&)> run);
  void add_list(CLI::App* group, Kind kind, const char* description);
  void add_show(CLI::App* group, Kind kind, const char* description);
  void add_remove(CLI::App* group, Kind kind, const char* name, const char* description);
  void add_confirm_removals(CLI::App* group);
  void add_place_filters(CLI::App* command, Kind kind);
  void add_chosen(CLI::App* command, Kind kind);

  void add_network();
  void add_site();
  void add_token();
  void add_node();
  void add_replica();
  void add_api_key();
  void add_audit();

  CLI::App& app_;
  Context& context_;
  std::shared_ptr<Values> values_ = std::make_shared<Values>();  // owned with the callbacks
};

void AdminCommands::add() {
  app_.add_option("--api", values_->target.api, "The coordinator: https://HOST[:PORT]")
      ->envname("LINKSPAN_API")
      ->type_name("URL");
  app_.add_option("--key-file", values_->target.key_file, "File with an API key, mode 0600")
      ->envname("LINKSPAN_KEY_FILE")
      ->type_name("FILE");
  add_network();
  add_site();
  add_token();
  add_node();
  add_replica();
  add_api_key();
  add_audit();
}

CLI::App* AdminCommands::add_group(const char* name, const char* description) {
  CLI::App* group = app_.add_subcommand(name, description);
  group->require_subcommand(1);
  group->fallthrough();  // --api and --key-file may stand anywhere
  group->footer(kWhere);
  return group;
}

CLI::App* AdminCommands::add_command(CLI::App* group, const char* name, const char* description,
                                     std::function<int(Values&)> run) {
  CLI::App* command = group->add_subcommand(name, description);
  command->fallthrough();
  command->add_flag("--json", values_->is_json, "Print JSON, as the API answers");
  command->footer(kWhere);
  command->callback([values = values_, run = std::move(run), &context = context_] {
    context.exit_code = run(*values);
  });
  return command;
}

void AdminCommands::add_place_filters(CLI::App* command, Kind kind) {
  if (kind == Kind::Network || kind == Kind::ApiKey || kind == Kind::Audit) {
    return;
  }
  command->add_option("--network", values_->in_network, "Only of this network")->type_name("NAME");
  if (kind != Kind::Site) {
    command->add_option("--site", values_->in_site, "Only of this site")->type_name("NAME");
  }
}

void AdminCommands::add_chosen(CLI::App* command, Kind kind) {
  const bool is_nameless = kind == Kind::Token || kind == Kind::Replica;
  command
      ->add_option(is_nameless ? "ID" : "NAME", values_->chosen,
                   is_nameless ? "Its id" : "Its name, or its id")
      ->required()
      ->type_name("");
  if (!is_nameless) {
    add_place_filters(command, kind);
  }
}

void AdminCommands::add_list(CLI::App* group, Kind kind, const char* description) {
  CLI::App* command = add_command(group, "list", description, [kind](Values& values) {
    return run_list(values.target, kind, values.filters(), values.limit, values.is_json);
  });
  add_place_filters(command, kind);
  command->add_option("--limit", values_->limit, "At most so many; default: all")
      ->check(CLI::Range(std::size_t{1}, AdminClient::kItemsMax))
      ->type_name("COUNT");
}

void AdminCommands::add_show(CLI::App* group, Kind kind, const char* description) {
  add_chosen(
      add_command(
          group, "show", description,
          [kind](Values& values) {
            return run_show(values.target, {kind, values.chosen, values.filters()}, values.is_json);
          }),
      kind);
}

void AdminCommands::add_remove(CLI::App* group, Kind kind, const char* name,
                               const char* description) {
  CLI::App* command = add_command(group, name, description, [kind](Values& values) {
    return run_remove(values.target, {kind, values.chosen, values.filters()}, values.is_json);
  });
  command->alias("delete");
  add_chosen(command, kind);
}

void AdminCommands::add_confirm_removals(CLI::App* group) {
  add_chosen(add_command(group, "confirm-removals",
                         "Sign what the coordinator says now as meant. Servers hold back an update "
                         "that drops more than 30 % of their peers at once, as after a restore "
                         "that lost nodes: look at `linkspan node list` first",
                         [](Values& values) {
                           return run_confirm_removals(values.target, values.chosen,
                                                       values.is_json);
                         }),
             Kind::Network);
}

void AdminCommands::add_network() {
  CLI::App* group = add_group("network", "Virtual networks: address space, topology");
  CLI::App* create = add_command(group, "create", "Make a network", [](Values& values) {
    return run_create(
        values.target,
        {.kind = Kind::Network,
         .make_request = [&] { return base::Result<ApiRequest>(create_request(values.network)); },
         .key_output = {}},
        values.is_json);
  });
  NetworkArguments& network = values_->network;
  create->add_option("NAME", network.name, "Lower-case letters, digits and hyphens")->required();
  create
      ->add_option("--topology", network.topology,
                   "site: sites meet through gateways; mesh: every node peers with every node, at "
                   "most 500. Default: site")
      ->type_name("site|mesh");
  create
      ->add_option("--prefix", network.prefixes,
                   "Addresses of its nodes, in CIDR form, once per family; default: 10.192.0.0/12 "
                   "and a random IPv6 ULA /48")
      ->allow_extra_args(false)
      ->type_name("CIDR");
  create->add_option("--mtu", network.mtu, "MTU inside the tunnels; default: 1420")
      ->type_name("BYTES");
  create
      ->add_option("--keepalive", network.keepalive_s,
                   "Seconds between keepalives where they are needed; 0: none")
      ->type_name("SECONDS");
  add_list(group, Kind::Network, "List networks");
  add_show(group, Kind::Network, "Show a network");
  add_remove(group, Kind::Network, "remove", "Remove a network; it must have no sites");
  add_confirm_removals(group);
}

void AdminCommands::add_site() {
  CLI::App* group = add_group("site", "Sites: places whose servers share a LAN");
  CLI::App* create = add_command(group, "create", "Make a site", [](Values& values) {
    return run_create(
        values.target,
        {.kind = Kind::Site,
         .network = &values.site.network,
         .make_request = [&] { return base::Result<ApiRequest>(create_request(values.site)); },
         .key_output = {}},
        values.is_json);
  });
  SiteArguments& site = values_->site;
  create->add_option("NAME", site.name, "Lower-case letters, digits and hyphens")->required();
  create->add_option("--network", site.network, "Its network; default: the only one there is")
      ->type_name("NAME");
  create
      ->add_option("--prefix", site.prefixes,
                   "Addresses of its nodes, inside the network's, in CIDR form, once per family; "
                   "default: the next free ones")
      ->allow_extra_args(false)
      ->type_name("CIDR");
  create->add_flag("--lan-native", site.is_lan_native,
                   "Its servers reach each other on the LAN without WireGuard");
  add_list(group, Kind::Site, "List sites");
  add_show(group, Kind::Site, "Show a site");
  add_remove(group, Kind::Site, "remove", "Remove a site; it must have no nodes");
}

void AdminCommands::add_token() {
  CLI::App* group = add_group("token", "Join tokens: what the one-line join presents");
  CLI::App* create =
      add_command(group, "create", "Make a token and print the whole line that joins a server",
                  [](Values& values) {
                    return run_create(values.target,
                                      {.kind = Kind::Token,
                                       .network = &values.token.network,
                                       .make_request = [&] { return create_request(values.token); },
                                       .key_output = {}},
                                      values.is_json);
                  });
  TokenArguments& token = values_->token;
  create->add_option("--network", token.network, "Its network; default: the only one there is")
      ->type_name("NAME");
  create->add_option("--site", token.site, "The site that servers join")
      ->required()
      ->type_name("NAME");
  create
      ->add_option(
          "--role", token.role,
          "What they become: member, or gateway, which carries the site's traffic to others. "
          "Default: member")
      ->type_name("member|gateway");
  create->add_option("--uses", token.uses, "How many servers may join with it; default: 1")
      ->type_name("COUNT");
  create
      ->add_option("--expires", token.lifetime,
                   "When it stops to work, from now: 90s, 30m, 24h, 7d")
      ->type_name("TIME");
  create->add_option("--label", token.labels, "A label for the servers that join; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  add_list(group, Kind::Token, "List tokens, without their secrets");
  add_show(group, Kind::Token, "Show a token, without its secret");
  add_remove(group, Kind::Token, "revoke",
             "Revoke a token: nobody joins with it any more; who joined stays");
}

void AdminCommands::add_node() {
  CLI::App* group = add_group("node", "Nodes: servers that joined");
  add_list(group, Kind::Node, "List nodes");
  add_show(group, Kind::Node, "Show a node");
  add_remove(group, Kind::Node, "remove",
             "Take a node out of its network; its address is not given to others for a while");
}

void AdminCommands::add_replica() {
  CLI::App* group = add_group("replica", "Replicas: container registries that serve a site");
  CLI::App* create =
      add_command(group, "add", "Tell servers of a registry that has images", [](Values& values) {
        return run_create(
            values.target,
            {.kind = Kind::Replica,
             .network = &values.replica.network,
             .make_request =
                 [&] { return base::Result<ApiRequest>(create_request(values.replica)); },
             .key_output = {}},
            values.is_json);
      });
  create->alias("create");
  ReplicaArguments& replica = values_->replica;
  create->add_option("URL", replica.url, "Where it is: http(s)://HOST[:PORT]")->required();
  create->add_option("--network", replica.network, "Its network; default: the only one there is")
      ->type_name("NAME");
  create->add_option("--site", replica.site, "The site where it stands")
      ->required()
      ->type_name("NAME");
  create
      ->add_option("--source", replica.sources,
                   "A registry whose images it has, as in image names: docker.io, "
                   "images.example:5000; may be repeated")
      ->required()
      ->allow_extra_args(false)
      ->type_name("HOST[:PORT]");
  add_list(group, Kind::Replica, "List replicas");
  add_show(group, Kind::Replica, "Show a replica");
  add_remove(group, Kind::Replica, "remove", "Remove a replica; nobody pulls from it any more");
}

void AdminCommands::add_api_key() {
  CLI::App* group = add_group("api-key", "API keys: who may ask the coordinator what");
  CLI::App* create = add_command(group, "create", "Make an API key", [](Values& values) {
    return run_create(
        values.target,
        {.kind = Kind::ApiKey,
         .make_request = [&] { return base::Result<ApiRequest>(create_request(values.api_key)); },
         .key_output = values.key_output},
        values.is_json);
  });
  ApiKeyArguments& key = values_->api_key;
  create->add_option("NAME", key.name, "Who it is for; the audit log shows it")->required();
  create
      ->add_option("--role", key.role,
                   "viewer: reads; operator: changes networks, sites, tokens, nodes and replicas; "
                   "admin: API keys too")
      ->required()
      ->type_name("viewer|operator|admin");
  create
      ->add_option("--output", values_->key_output,
                   "Write the key to this file, mode 0600, and not to the terminal")
      ->type_name("FILE");
  add_list(group, Kind::ApiKey, "List API keys, without their secrets");
  add_show(group, Kind::ApiKey, "Show an API key, without its secret");
  add_remove(group, Kind::ApiKey, "revoke", "Revoke an API key");
}

void AdminCommands::add_audit() {
  CLI::App* command = app_.add_subcommand("audit", "Who changed what, newest first");
  command->fallthrough();
  // No filters: the log is one for all networks.
  command->add_flag("--json", values_->is_json, "Print JSON, as the API answers");
  command->add_option("--limit", values_->limit, "At most so many; default: all that are kept")
      ->check(CLI::Range(std::size_t{1}, AdminClient::kItemsMax))
      ->type_name("COUNT");
  command->footer(kWhere);
  command->callback([values = values_, &context = context_] {
    context.exit_code = run_list(values->target, Kind::Audit, {}, values->limit, values->is_json);
  });
}

}  // namespace

void add_admin_commands(CLI::App& app, Context& context) {
  AdminCommands(app, context).add();
}

}  // namespace cli
