// Join tokens and API keys: who may come in.
#include <algorithm>

#include "coordinator/domain/refusals.h"
#include "overlay/model/names.h"

namespace coordinator {
namespace {

// A token that has been of no use for this long is forgotten when another one is made.
constexpr base::Duration kTokenKeptAfterExpiry = std::chrono::hours(24 * 30);
constexpr int kTokensForgottenAtOnce = 2;  // more than are made, so that they do not pile up

std::uint64_t random_id(base::RandomSource& random) {
  return 1 + random.below(UINT64_MAX - 1);  // 0 is no id
}

bool is_label_text(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

Decision check_labels(const Labels& labels) {
  if (labels.size() > kLabelsMax) {
    return refuse(base::Errc::LimitExceeded, "labels", std::to_string(labels.size()),
                  "expected at most " + std::to_string(kLabelsMax));
  }
  for (const auto& [name, value] : labels) {
    const std::string field = "labels." + name.substr(0, kLabelBytesMax);
    if (name.empty() || name.size() > kLabelBytesMax || !is_label_text(name, "-_./")) {
      return refuse(base::Errc::Malformed, field, name,
                    "expected a name of 1.." + std::to_string(kLabelBytesMax) +
                        " letters, digits, '-', '_', '.' and '/'");
    }
    if (value.size() > model::kNameBytesMax || !is_label_text(value, "-_.")) {
      return refuse(base::Errc::Malformed, field, value,
                    in_quotes(value) + ", expected at most " +
                        std::to_string(model::kNameBytesMax) +
                        " letters, digits, '-', '_' and '.'");
    }
  }
  return {};
}

}  // namespace

Decision Deciding::operator()(const CreateToken& command) const {
  const Network* network = state.networks.find(command.network);
  if (network == nullptr) {
    return refuse_missing("network", std::to_string(command.network.value));
  }
  const Site* site = state.sites.find(command.site);
  if (site == nullptr || site->network != command.network) {
    return refuse_missing("site", std::to_string(command.site.value));
  }
  if (command.role == model::Role::Spoke) {
    return refuse(base::Errc::Malformed, "role", "spoke",
                  R"("spoke" is not served yet, expected "member" or "gateway")");
  }
  if (command.role == model::Role::Gateway && network->topology == model::Topology::Mesh) {
    return refuse(base::Errc::Malformed, "role", "gateway",
                  "network " + in_quotes(network->name) + " is a mesh, which has only members");
  }
  if (command.uses < 1 || command.uses > kTokenUsesMax) {
    return refuse(base::Errc::Malformed, "uses", std::to_string(command.uses),
                  std::to_string(command.uses) + ", expected 1.." + std::to_string(kTokenUsesMax));
  }
  const auto lifetime_s = std::chrono::duration_cast<std::chrono::seconds>(command.lifetime);
  if (lifetime_s < std::chrono::seconds(1) || command.lifetime > kTokenLifetimeMax) {
    return refuse(base::Errc::Malformed, "expires_in_s", std::to_string(lifetime_s.count()),
                  std::to_string(lifetime_s.count()) + ", expected 1.." +
                      std::to_string(std::chrono::seconds(std::chrono::hours(24 * 366)).count()));
  }
  if (auto decision = check_labels(command.labels); !decision.ok()) {
    return decision;
  }
  Decision decision;
  auto oldest = state.token_by_expiry.begin();
  for (int i = 0; i < kTokensForgottenAtOnce && oldest != state.token_by_expiry.end() &&
                  oldest->first.first + kTokenKeptAfterExpiry < circumstances.now;
       ++i, ++oldest) {
    decision.events.emplace_back(TokenForgotten{oldest->first.second});
  }
  if (state.tokens.size() >= kTokensMax + decision.events.size()) {
    return refuse(base::Errc::LimitExceeded, "token", "",
                  "there are " + std::to_string(kTokensMax) +
                      " tokens; they are forgotten 30 days after they expire");
  }
  Token token{.id = {random_id(random)},
              .network = command.network,
              .site = command.site,
              .role = command.role,
              .secret_hash = command.secret_hash,
              .uses = command.uses,
              .uses_left = command.uses,
              .is_revoked = false,
              .labels = command.labels,
              .created_at = circumstances.now,
              .expires_at = circumstances.now + command.lifetime};
  while (state.tokens.contains(token.id)) {
    token.id = {random_id(random)};
  }
  decision.subject = {SubjectKind::Token, token.id.value};
  decision.events.emplace_back(TokenCreated{std::move(token)});
  return decision;
}

Decision Deciding::operator()(const RevokeToken& command) const {
  const Token* token = state.tokens.find(command.id);
  if (token == nullptr) {
    return refuse_missing("token", model::text_of(command.id));
  }
  Decision decision;
  decision.subject = {SubjectKind::Token, command.id.value};
  if (!token->is_revoked) {
    decision.events.emplace_back(TokenRevoked{command.id});
  }
  return decision;
}

Decision Deciding::operator()(const CreateApiKey& command) const {
  if (const auto status = model::check_name(command.name); !status.ok()) {
    return refuse(base::Errc::Malformed, "name", command.name, status.error().text());
  }
  if (state.api_keys.size() >= kApiKeysMax) {
    return refuse(base::Errc::LimitExceeded, "name", command.name,
                  "there are " + std::to_string(kApiKeysMax) + " API keys, the most there may be");
  }
  ApiKey key{.id = command.id.value_or(model::ApiKeyId{random_id(random)}),
             .name = command.name,
             .role = command.role,
             .secret_hash = command.secret_hash,
             .created_at = circumstances.now};
  if (command.id.has_value() && state.api_keys.contains(key.id)) {
    return refuse(base::Errc::Conflict, "id", model::text_of(key.id),
                  model::text_of(key.id) + " exists already");
  }
  while (state.api_keys.contains(key.id)) {
    key.id = {random_id(random)};
  }
  Decision decision;
  decision.subject = {SubjectKind::ApiKey, key.id.value};
  decision.events.emplace_back(ApiKeyCreated{std::move(key)});
  return decision;
}

Decision Deciding::operator()(const RevokeApiKey& command) const {
  const ApiKey* key = state.api_keys.find(command.id);
  if (key == nullptr) {
    return refuse_missing("api key", model::text_of(command.id));
  }
  const auto admins = std::count_if(state.api_keys.begin(), state.api_keys.end(), [](auto& entry) {
    return entry.second.role == KeyRole::Admin;
  });
  if (key->role == KeyRole::Admin && admins == 1) {
    return refuse(base::Errc::Conflict, "api key", model::text_of(command.id),
                  model::text_of(command.id) + " is the last one with role admin");
  }
  Decision decision;
  decision.subject = {SubjectKind::ApiKey, command.id.value};
  decision.events.emplace_back(ApiKeyRevoked{command.id});
  return decision;
}

}  // namespace coordinator
