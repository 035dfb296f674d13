#include "coordinator/store/snapshot_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/base/log.h"

namespace coordinator {
namespace {

std::string_view chunk_of(const std::vector<std::uint8_t>& bytes, std::size_t index) {
  const std::size_t start = index * SnapshotHeader::kChunkBytes;
  return base::as_text(bytes).substr(start, SnapshotHeader::kChunkBytes);
}

std::uint64_t sequence_of(const std::string& name) {
  std::uint64_t sequence = 0;
  std::from_chars(name.data(), name.data() + name.size(), sequence);
  return sequence;
}

std::vector<std::string> texts_of(const loop::RedisReply& reply) {
  std::vector<std::string> texts;
  for (const loop::RedisReply& item : reply.items) {
    texts.push_back(item.text);
  }
  return texts;
}

}  // namespace

struct SnapshotStore::Saving {
  std::string name;  // "<sequence>:<random>": two coordinators may save the same sequence
  SnapshotHeader header;
  std::vector<std::uint8_t> bytes;
  std::size_t chunks_saved = 0;
  std::function<void(base::Status)> done;
};

struct SnapshotStore::Loading {
  std::vector<std::string> names;  // newest first
  std::size_t index = 0;
  SnapshotHeader header;
  std::string content;
  std::size_t chunks_loaded = 0;
  std::function<void(base::Result<std::optional<Snapshot>>)> done;
};

SnapshotStore::SnapshotStore(loop::Loop& loop, loop::RedisSession& session, const LogKey& key,
                             base::RandomSource& random, const std::string& prefix)
    : loop_(loop),
      session_(session),
      key_(key),
      random_(random),
      prefix_(prefix),
      names_key_(prefix + "snapshots") {}

void SnapshotStore::save(const LogPosition& position, std::vector<std::uint8_t> bytes,
                         std::function<void(base::Status)> done) {
  auto saving = std::make_shared<Saving>();
  saving->name =
      std::to_string(position.sequence) + ":" + std::to_string(random_.below(UINT32_MAX));
  saving->header = make_snapshot_header(key_, position, bytes);
  saving->bytes = std::move(bytes);
  saving->done = std::move(done);
  save_next(std::move(saving));
}

void SnapshotStore::save_next(SavingPtr saving) {
  const std::string key = key_of(saving->name);
  const std::size_t index = saving->chunks_saved;
  std::vector<std::string> words;
  if (index < saving->header.chunk_count()) {
    words = {"HSET", key, std::to_string(index), std::string(chunk_of(saving->bytes, index))};
  } else if (index == saving->header.chunk_count()) {
    words = {"HSET", key, "header", encode(key_, saving->header)};
  } else {
    words = {"ZADD", names_key_, std::to_string(saving->header.position.sequence), saving->name};
  }
  const bool is_last = index > saving->header.chunk_count();
  session_.ask(std::move(words), deadline(),
               [this, saving = std::move(saving),
                is_last](const base::Result<loop::RedisReply>& reply) mutable {
                 if (!reply.ok()) {
                   saving->done(reply.error().within("snapshot"));
                   return;
                 }
                 ++saving->chunks_saved;
                 if (is_last) {
                   list(std::move(saving));
                 } else {
                   save_next(std::move(saving));
                 }
               });
}

void SnapshotStore::list(SavingPtr saving) {
  session_.ask({"ZREVRANGE", names_key_, "0", "-1"}, deadline(),
               [this, saving = std::move(saving)](const base::Result<loop::RedisReply>& reply) {
                 if (!reply.ok()) {
                   saving->done(reply.error().within("snapshots"));
                   return;
                 }
                 drop_old(saving, texts_of(reply.value()));
               });
}

// Old snapshots go first, then the log before the oldest that is kept: what is left always
// suffices.
void SnapshotStore::drop_old(const SavingPtr& saving, const std::vector<std::string>& names) {
  const auto ignore = [](const base::Result<loop::RedisReply>& reply) {
    if (!reply.ok()) {
      base::log_warning("snapshots: " + reply.error().text());  // the next save tries again
    }
  };
  for (std::size_t i = EventLog::kSnapshotsKept; i < names.size(); ++i) {
    session_.ask({"ZREM", names_key_, names[i]}, deadline(), ignore);
    session_.ask({"UNLINK", key_of(names[i])}, deadline(), ignore);
  }
  if (names.size() < EventLog::kSnapshotsKept) {
    saving->done({});
    return;
  }
  const std::uint64_t first_kept = sequence_of(names[EventLog::kSnapshotsKept - 1]) + 1;
  session_.ask({"XTRIM", prefix_ + "log", "MINID", std::to_string(first_kept) + "-0"}, deadline(),
               [saving](const base::Result<loop::RedisReply>& reply) {
                 saving->done(reply.ok() ? base::Status() : reply.error().within("trim"));
               });
}

void SnapshotStore::load(std::function<void(base::Result<std::optional<Snapshot>>)> done) {
  auto loading = std::make_shared<Loading>();
  loading->done = std::move(done);
  session_.ask({"ZREVRANGE", names_key_, "0", "-1"}, deadline(),
               [this, loading](const base::Result<loop::RedisReply>& reply) {
                 if (!reply.ok()) {
                   loading->done(reply.error().within("snapshots"));
                   return;
                 }
                 loading->names = texts_of(reply.value());
                 if (loading->names.empty()) {
                   loading->done(std::optional<Snapshot>());
                   return;
                 }
                 load_next(loading);
               });
}

void SnapshotStore::load_next(LoadingPtr loading) {
  if (loading->index >= loading->names.size()) {
    loading->done(base::Error(
        base::Errc::Unauthenticated,
        "log: none of " + std::to_string(loading->names.size()) + " snapshots verifies"));
    return;
  }
  const std::string key = key_of(loading->names[loading->index++]);
  session_.ask({"HGET", key, "header"}, deadline(),
               [this, loading = std::move(loading)](const base::Result<loop::RedisReply>& reply) {
                 if (!reply.ok()) {
                   loading->done(reply.error().within("snapshot"));
                   return;
                 }
                 load_header(loading, reply.value());
               });
}

void SnapshotStore::load_header(LoadingPtr loading, const loop::RedisReply& reply) {
  const auto header = decode_snapshot_header(key_, base::as_bytes(reply.text));
  if (!header.ok()) {
    base::log_warning(loading->names[loading->index - 1] + ": " + header.error().text());
    load_next(std::move(loading));
    return;
  }
  loading->header = header.value();
  loading->content.clear();
  loading->chunks_loaded = 0;
  load_chunk(std::move(loading));
}

void SnapshotStore::load_chunk(LoadingPtr loading) {
  if (loading->chunks_loaded == loading->header.chunk_count()) {
    const auto content = base::as_bytes(loading->content);
    if (auto status = check_snapshot(key_, loading->header, content); !status.ok()) {
      base::log_warning(status.error().text());
      load_next(std::move(loading));
      return;
    }
    loading->done(
        std::optional(Snapshot{loading->header.position, {content.begin(), content.end()}}));
    return;
  }
  const std::string key = key_of(loading->names[loading->index - 1]);
  const std::string field = std::to_string(loading->chunks_loaded);
  session_.ask({"HGET", key, field}, deadline(),
               [this, loading = std::move(loading)](const base::Result<loop::RedisReply>& reply) {
                 if (!reply.ok()) {
                   loading->done(reply.error().within("snapshot"));
                   return;
                 }
                 // More than a chunk is not ours: the seal will say so, without the memory.
                 loading->content.append(reply.value().text, 0, SnapshotHeader::kChunkBytes);
                 ++loading->chunks_loaded;
                 load_chunk(loading);
               });
}

}  // namespace coordinator
