// Helpers that the decide_*.cpp files share. Private to this folder.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/domain/decide.h"

namespace coordinator {

// `text` is the whole sentence without the field: refuse(Conflict, "name", "fra", "\"fra\" is
// taken") reads "name: \"fra\" is taken".
Decision refuse(base::Errc code, std::string_view field, std::string_view value,
                std::string_view text);

// An id that names nothing: "site: 7 does not exist".
Decision refuse_missing(std::string_view field, std::string_view value);

// No refusal if the network's shared facts may grow by `bytes`, or the site's members' may.
Decision check_shared_room(const State& state, const Network& network, std::size_t bytes);
Decision check_member_room(const State& state, const Site& site, std::size_t bytes);

std::string in_quotes(std::string_view text);

// "2026-11-23T05:12:00Z".
std::string time_text(base::WallTime at);

// "3 nodes", "1 node".
std::string counted(std::uint64_t count, std::string_view noun);

// The parts of decide(), one per kind of command.
struct Deciding {
  const State& state;
  const Circumstances& circumstances;
  base::RandomSource& random;

  Decision operator()(const CreateNetwork& command) const;
  Decision operator()(const RemoveNetwork& command) const;
  Decision operator()(const ConfirmRemovals& command) const;
  Decision operator()(const CreateSite& command) const;
  Decision operator()(const RemoveSite& command) const;
  Decision operator()(const CreateToken& command) const;
  Decision operator()(const RevokeToken& command) const;
  Decision operator()(const Enrol& command) const;
  Decision operator()(const UpdateNode& command) const;
  Decision operator()(const RemoveNode& command) const;
  Decision operator()(const NoteCopy& command) const;
  Decision operator()(const CreateReplica& command) const;
  Decision operator()(const RemoveReplica& command) const;
  Decision operator()(const CreateApiKey& command) const;
  Decision operator()(const RevokeApiKey& command) const;
};

}  // namespace coordinator
