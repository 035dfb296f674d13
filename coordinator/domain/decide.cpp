#include "coordinator/domain/decide.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "coordinator/domain/refusals.h"
#include "overlay/model/view_frame.h"

namespace coordinator {
namespace {

constexpr base::Duration kIdempotencyLifetime = std::chrono::hours(24);
constexpr std::size_t kShownBytesMax = 128;  // of a value in a refusal

std::string_view action_of(const Command& command) {
  struct Names {
    std::string_view operator()(const CreateNetwork&) const { return "network.create"; }
    std::string_view operator()(const RemoveNetwork&) const { return "network.remove"; }
    std::string_view operator()(const ConfirmRemovals&) const { return "network.confirm-removals"; }
    std::string_view operator()(const CreateSite&) const { return "site.create"; }
    std::string_view operator()(const RemoveSite&) const { return "site.remove"; }
    std::string_view operator()(const CreateToken&) const { return "token.create"; }
    std::string_view operator()(const RevokeToken&) const { return "token.revoke"; }
    std::string_view operator()(const Enrol&) const { return "node.enrol"; }
    std::string_view operator()(const UpdateNode&) const { return "node.update"; }
    std::string_view operator()(const RemoveNode&) const { return "node.remove"; }
    std::string_view operator()(const NoteCopy&) const { return "node.copy-parked"; }
    std::string_view operator()(const CreateReplica&) const { return "replica.create"; }
    std::string_view operator()(const RemoveReplica&) const { return "replica.remove"; }
    std::string_view operator()(const CreateApiKey&) const { return "api-key.create"; }
    std::string_view operator()(const RevokeApiKey&) const { return "api-key.revoke"; }
  };
  return std::visit(Names{}, command);
}

// The ids as the API writes them.
std::string text_of(const Subject& subject) {
  const auto hex = [&](std::string_view kind) {
    return std::string(kind) + " " + model::text_of(model::NodeId{subject.id});
  };
  switch (subject.kind) {
    case SubjectKind::None:
      return "";
    case SubjectKind::Network:
      return "network " + std::to_string(subject.id);
    case SubjectKind::Site:
      return "site " + std::to_string(subject.id);
    case SubjectKind::Replica:
      return "replica " + std::to_string(subject.id);
    case SubjectKind::Token:
      return hex("token");
    case SubjectKind::Node:
      return hex("node");
    case SubjectKind::ApiKey:
      return hex("api key");
  }
  return "";
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text.substr(0, kShownBytesMax)) + "\"";
}

std::string time_text(base::WallTime at) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(at.unix_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

Decision refuse(base::Errc code, std::string_view field, std::string_view value,
                std::string_view text) {
  Decision decision;
  decision.refusal = {.code = code,
                      .field = std::string(field),
                      .value = std::string(value.substr(0, kShownBytesMax)),
                      .text = std::string(field) + ": " + std::string(text)};
  return decision;
}

// What a frame holds besides: the network's own fact, its head, and the removals of a delta.
constexpr std::size_t kFrameRestBytes = 1U << 20;
static_assert(kMemberFactsBytesMax + kSharedFactsBytesMax + kFrameRestBytes <=
              model::kFrameBytesMax);

Decision check_shared_room(const State& state, const Network& network, std::size_t bytes) {
  const std::uint64_t used = state.network_use.find(network.id)->fact_bytes;
  if (used + bytes <= kSharedFactsBytesMax) {
    return {};
  }
  return refuse(base::Errc::LimitExceeded, "network", network.name,
                in_quotes(network.name) + " has " + std::to_string(used) +
                    " bytes of sites, gateways and replicas, which every node has to hold, and "
                    "this adds " +
                    std::to_string(bytes) + ": at most " + std::to_string(kSharedFactsBytesMax));
}

Decision check_member_room(const State& state, const Site& site, std::size_t bytes) {
  const Use& use = *state.site_use.find(site.id);
  if (use.fact_bytes + bytes <= kMemberFactsBytesMax) {
    return {};
  }
  return refuse(base::Errc::LimitExceeded, "site", site.name,
                in_quotes(site.name) + " has " + counted(use.nodes - use.gateways, "member") +
                    " of " + std::to_string(use.fact_bytes) +
                    " bytes, which each of them has to hold, and this adds " +
                    std::to_string(bytes) + ": at most " + std::to_string(kMemberFactsBytesMax) +
                    "; make another site");
}

Decision refuse_missing(std::string_view field, std::string_view value) {
  return refuse(base::Errc::NotFound, field, value, std::string(value) + " does not exist");
}

Decision decide(const State& state, const Request& request, const Circumstances& circumstances,
                base::RandomSource& random) {
  if (request.idempotency.has_value()) {
    const Idempotency* kept = state.idempotency.find(request.idempotency->key);
    if (kept != nullptr && kept->expires_at > circumstances.now) {
      if (kept->request != request.idempotency->request) {
        return refuse(base::Errc::Conflict, "Idempotency-Key", "",
                      "was used for another request less than 24 h ago");
      }
      Decision replay;
      replay.subject = kept->subject;
      replay.is_replay = true;
      return replay;
    }
  }
  Decision decision = std::visit(
      Deciding{.state = state, .circumstances = circumstances, .random = random}, request.command);
  const auto* copy = std::get_if<NoteCopy>(&request.command);
  if (!decision.ok() || (decision.events.empty() && copy == nullptr)) {
    return decision;
  }
  if (request.idempotency.has_value()) {
    decision.events.emplace_back(
        IdempotencyKept{{.key = request.idempotency->key,
                         .request = request.idempotency->request,
                         .subject = decision.subject,
                         .expires_at = circumstances.now + kIdempotencyLifetime}});
  }
  std::string target = text_of(decision.subject);
  if (copy != nullptr) {
    target += ", alive at " + copy->alive_at.substr(0, kTextBytesMax / 2);
  }
  decision.events.emplace_back(Audited{{.id = 0,
                                        .at = circumstances.now,
                                        .actor = request.actor.substr(0, kTextBytesMax),
                                        .remote = request.remote.substr(0, kTextBytesMax),
                                        .action = std::string(action_of(request.command)),
                                        .target = std::move(target)}});
  return decision;
}

}  // namespace coordinator
