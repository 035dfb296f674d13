// One suite for every EventLog.
#include "coordinator/store/event_log.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "tests/unit/coordinator/store/log_worlds.h"

namespace coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

EventBytes event(std::string_view text) {
  const auto bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

template <typename World>
class EventLogTest : public ::testing::Test {
 protected:
  // Calls `start` with a callback and runs the world until it is called.
  template <typename T, typename Start>
  T wait(Start start) {
    std::optional<T> result;
    start([&](T got) { result = std::move(got); });
    EXPECT_FALSE(result.has_value()) << "called back inside the call";
    EXPECT_TRUE(world_.run_until([&] { return result.has_value(); })) << "no answer";
    if constexpr (std::is_same_v<T, base::Status>) {
      return result.value_or(base::Error(base::Errc::NotFound, "no answer"));
    } else {
      return result.has_value() ? std::move(*result)
                                : T(base::Error(base::Errc::NotFound, "no answer"));
    }
  }
  EventLog::Opened open(EventLog& log, std::optional<Fingerprint> known = std::nullopt) {
    const auto opened =
        wait<base::Result<EventLog::Opened>>([&](auto done) { log.open(known, std::move(done)); });
    EXPECT_TRUE(opened.ok()) << opened.error().text();
    return opened.value();
  }
  std::unique_ptr<EventLog> open_new_log() {
    auto log = world_.make_log(1);
    open(*log);
    return log;
  }
  base::Result<EventLog::AppendOutcome> append(EventLog& log,
                                               const std::vector<std::string>& texts) {
    std::vector<EventBytes> events;
    for (const std::string& text : texts) {
      events.push_back(event(text));
    }
    return wait<base::Result<EventLog::AppendOutcome>>([&](auto done) {
      log.append(log.position().sequence, std::move(events), std::move(done));
    });
  }
  template <typename Outcome>
  static bool is(const base::Result<EventLog::AppendOutcome>& outcome) {
    return outcome.ok() && std::holds_alternative<Outcome>(outcome.value());
  }
  base::Result<EventLog::Read> read(EventLog& log, std::size_t limit = 1000) {
    return wait<base::Result<EventLog::Read>>(
        [&](auto done) { log.read(log.position().sequence, limit, std::move(done)); });
  }
  static std::vector<std::string> texts_of(const base::Result<EventLog::Read>& read) {
    std::vector<std::string> texts;
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().text());
    if (read.ok()) {
      for (const StoredEvent& stored : read.value().events) {
        texts.push_back(std::to_string(stored.sequence) + "=" +
                        std::string(base::as_text(stored.bytes)));
      }
    }
    return texts;
  }
  base::Status save(EventLog& log, const std::string& text) {
    return wait<base::Status>(
        [&](auto done) { log.save_snapshot(log.position(), event(text), std::move(done)); });
  }
  base::Result<std::optional<Snapshot>> load(EventLog& log) {
    return wait<base::Result<std::optional<Snapshot>>>(
        [&](auto done) { log.load_snapshot(std::move(done)); });
  }
  static Fingerprint fingerprint_of(const EventLog& log) { return {log.epoch(), log.position()}; }

  World world_;
};

using Worlds = ::testing::Types<store_test::MemoryWorld, store_test::RedisWorld>;
class WorldNames {
 public:
  template <typename World>
  static std::string GetName(int /*index*/) {
    return std::is_same_v<World, store_test::MemoryWorld> ? "Memory" : "Redis";
  }
};
TYPED_TEST_SUITE(EventLogTest, Worlds, WorldNames);

TYPED_TEST(EventLogTest, IsCreatedEmptyAndFoundAgain) {
  const auto first = this->world_.make_log(1);
  const auto second = this->world_.make_log(1);

  const auto created = this->open(*first);
  const auto found = this->open(*second);

  EXPECT_TRUE(created.is_new);
  EXPECT_EQ(created.last, 0U);
  EXPECT_FALSE(found.is_new);
  EXPECT_EQ(found.epoch, created.epoch);
  EXPECT_EQ(first->position(), second->position());
}

TYPED_TEST(EventLogTest, GivesBackWhatWasAppendedInOrderAndNumbered) {
  const auto writer = this->open_new_log();
  const std::string binary("\0\r\n\xff", 4);

  const auto first = this->append(*writer, {"a", binary});
  const auto second = this->append(*writer, {""});

  ASSERT_TRUE(this->template is<EventLog::Appended>(first));
  EXPECT_EQ(std::get<EventLog::Appended>(first.value()).last, 2U);
  ASSERT_TRUE(this->template is<EventLog::Appended>(second));
  const auto reader = this->open_new_log();
  EXPECT_THAT(this->texts_of(this->read(*reader)), ElementsAre("1=a", "2=" + binary, "3="));
  EXPECT_EQ(reader->position(), writer->position());
  EXPECT_THAT(this->texts_of(this->read(*reader)), IsEmpty());
}

TYPED_TEST(EventLogTest, ReadsWholeBatchesUpToTheLimit) {
  const auto writer = this->open_new_log();
  this->append(*writer, {"a", "b", "c"}).ok();
  this->append(*writer, {"d"}).ok();
  const auto reader = this->open_new_log();

  const auto first = this->read(*reader, 2);

  EXPECT_EQ(first.value().events.size(), 3U);
  EXPECT_EQ(first.value().last, 4U);
  EXPECT_THAT(this->texts_of(this->read(*reader, 2)), ElementsAre("4=d"));
}

TYPED_TEST(EventLogTest, RefusesTheSlowerOfTwoWritersUntilItHasRead) {
  const auto fast = this->open_new_log();
  const auto slow = this->open_new_log();
  ASSERT_TRUE(this->template is<EventLog::Appended>(this->append(*fast, {"a", "b"})));

  const auto refused = this->append(*slow, {"c"});

  ASSERT_TRUE(this->template is<EventLog::Conflict>(refused));
  EXPECT_EQ(std::get<EventLog::Conflict>(refused.value()).last, 2U);
  EXPECT_EQ(slow->position().sequence, 0U);
  EXPECT_THAT(this->texts_of(this->read(*slow)), ElementsAre("1=a", "2=b"));
  EXPECT_TRUE(this->template is<EventLog::Appended>(this->append(*slow, {"c"})));
  EXPECT_EQ(this->world_.batches(), 2U);
}

TYPED_TEST(EventLogTest, RefusesAnAlteredEntryNamingItsSequence) {
  const auto writer = this->open_new_log();
  this->append(*writer, {"a"}).ok();
  this->append(*writer, {"b"}).ok();
  this->world_.corrupt(2);
  const auto reader = this->open_new_log();

  const auto refused = this->read(*reader);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::Errc::Unauthenticated);
  EXPECT_THAT(refused.error().text(), StartsWith("log: sequence 2: altered"));
  EXPECT_EQ(reader->position().sequence, 0U);
}

TYPED_TEST(EventLogTest, RefusesALogThatWasWrittenWithAnotherKey) {
  this->open_new_log();
  const auto stranger = this->world_.make_log(2);

  const auto refused = this->template wait<base::Result<EventLog::Opened>>(
      [&](auto done) { stranger->open(std::nullopt, std::move(done)); });

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::Errc::Unauthenticated);
  EXPECT_EQ(refused.error().text(), "log: written with another signing key");
}

TYPED_TEST(EventLogTest, LoadsTheNewestSnapshotAndReadsOnBehindIt) {
  const auto writer = this->open_new_log();
  this->append(*writer, {"a"}).ok();
  ASSERT_TRUE(this->save(*writer, "state 1").ok());
  this->append(*writer, {"b"}).ok();
  ASSERT_TRUE(this->save(*writer, "state 2").ok());
  this->append(*writer, {"c"}).ok();
  const auto reader = this->open_new_log();

  const auto loaded = this->load(*reader);

  ASSERT_TRUE(loaded.ok() && loaded.value().has_value());
  EXPECT_EQ(loaded.value()->bytes, event("state 2"));
  EXPECT_EQ(loaded.value()->position.sequence, 2U);
  EXPECT_THAT(this->texts_of(this->read(*reader)), ElementsAre("3=c"));
}

TYPED_TEST(EventLogTest, HasNoSnapshotAtFirst) {
  const auto log = this->open_new_log();

  const auto loaded = this->load(*log);

  ASSERT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.value().has_value());
}

TYPED_TEST(EventLogTest, KeepsTwoSnapshotsAndTrimsTheLogBehindTheOlder) {
  const auto writer = this->open_new_log();
  const auto late = this->open_new_log();
  for (const std::string text : {"a", "b", "c"}) {
    this->append(*writer, {text}).ok();
    ASSERT_TRUE(this->save(*writer, "state " + text).ok());
  }

  EXPECT_EQ(this->world_.snapshots(), 2U);
  EXPECT_EQ(this->world_.batches(), 1U);
  const auto refused = this->read(*late);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::Errc::NotFound);
  EXPECT_THAT(refused.error().text(), HasSubstr("trimmed"));
  ASSERT_TRUE(this->load(*late).ok());
  EXPECT_EQ(late->position(), writer->position());
}

TYPED_TEST(EventLogTest, FallsBackToTheOlderSnapshotWhenTheNewestDoesNotVerify) {
  const auto writer = this->open_new_log();
  this->append(*writer, {"a"}).ok();
  ASSERT_TRUE(this->save(*writer, "state 1").ok());
  this->append(*writer, {"b"}).ok();
  ASSERT_TRUE(this->save(*writer, "state 2").ok());
  this->world_.corrupt_newest_snapshot();
  const auto reader = this->open_new_log();

  const auto loaded = this->load(*reader);

  ASSERT_TRUE(loaded.ok() && loaded.value().has_value());
  EXPECT_EQ(loaded.value()->bytes, event("state 1"));
  EXPECT_THAT(this->texts_of(this->read(*reader)), ElementsAre("2=b"));
}

TYPED_TEST(EventLogTest, KeepsALargeSnapshotWhole) {
  const auto log = this->open_new_log();
  this->append(*log, {"a"}).ok();
  std::string text(5'000'001, 'x');
  for (std::size_t i = 0; i < text.size(); i += 1000) {
    text[i] = static_cast<char>('a' + i / 1000 % 26);
  }

  ASSERT_TRUE(this->save(*log, text).ok());

  EXPECT_EQ(this->load(*log).value()->bytes, event(text));
}

TYPED_TEST(EventLogTest, ChangesItsEpochOnceWhenKnownWritesAreLost) {
  const auto log = this->open_new_log();
  this->append(*log, {"a"}).ok();
  this->append(*log, {"b"}).ok();
  const Fingerprint known = this->fingerprint_of(*log);
  this->world_.lose_batch();

  const auto first = this->open(*log, known);
  const auto second = this->open(*log, known);

  EXPECT_TRUE(first.is_history_lost);
  EXPECT_EQ(first.lost_text, "the log ends at 1, but it had 2 events");
  EXPECT_NE(first.epoch, known.epoch);
  EXPECT_FALSE(second.is_history_lost) << "said already";
  EXPECT_EQ(second.epoch, first.epoch);
}

TYPED_TEST(EventLogTest, ChangesItsEpochWhenAKnownEventWasReplaced) {
  const auto log = this->open_new_log();
  this->append(*log, {"a"}).ok();
  this->append(*log, {"b"}).ok();
  const Fingerprint known = this->fingerprint_of(*log);
  this->world_.lose_batch();
  const auto other = this->open_new_log();
  ASSERT_EQ(this->read(*other).value().last, 1U);
  this->append(*other, {"b"}).ok();  // even the same event
  this->append(*other, {"c"}).ok();

  const auto opened = this->open(*log, known);

  EXPECT_TRUE(opened.is_history_lost);
  EXPECT_EQ(opened.lost_text, "event 2 is not the one known");
}

TYPED_TEST(EventLogTest, KeepsItsEpochWhenWhatIsKnownIsThereOrTrimmed) {
  const auto log = this->open_new_log();
  const Epoch epoch = log->epoch();
  std::vector<Fingerprint> known = {this->fingerprint_of(*log)};
  for (const std::string text : {"a", "b", "c"}) {
    this->append(*log, {text, text}).ok();
    known.push_back(this->fingerprint_of(*log));
    ASSERT_TRUE(this->save(*log, "state").ok());
  }

  for (const Fingerprint& fingerprint : known) {
    const auto opened = this->open(*log, fingerprint);
    EXPECT_FALSE(opened.is_history_lost) << fingerprint.position.sequence;
    EXPECT_EQ(opened.epoch, epoch);
  }
}

TYPED_TEST(EventLogTest, SaysThatAllIsLostWhenTheLogIsGone) {
  const auto log = this->open_new_log();
  this->append(*log, {"a"}).ok();
  const Fingerprint known = this->fingerprint_of(*log);
  this->world_.wipe();

  const auto opened = this->open(*log, known);

  EXPECT_TRUE(opened.is_new);
  EXPECT_TRUE(opened.is_history_lost);
  EXPECT_EQ(opened.lost_text, "the log ends at 0, but it had 1 events");
  EXPECT_NE(opened.epoch, known.epoch);
}

TYPED_TEST(EventLogTest, TellsAWriterThatHistoryDivergedAndWritesNothing) {
  const auto log = this->open_new_log();
  this->append(*log, {"a"}).ok();
  this->append(*log, {"b"}).ok();
  this->world_.lose_batch();

  const auto append = this->append(*log, {"c"});
  const auto read = this->read(*log);

  EXPECT_TRUE(this->template is<EventLog::Diverged>(append));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), base::Errc::Conflict);
  EXPECT_THAT(read.error().text(), HasSubstr("sequence 2"));
  EXPECT_EQ(this->world_.batches(), 1U);
}

TYPED_TEST(EventLogTest, TellsAWriterThatTheEpochChanged) {
  const auto log = this->open_new_log();
  this->append(*log, {"a"}).ok();
  const auto other = this->open_new_log();
  Fingerprint wrong = this->fingerprint_of(*log);
  wrong.position.chain[0] ^= 1;
  ASSERT_TRUE(this->open(*other, wrong).is_history_lost);

  EXPECT_TRUE(this->template is<EventLog::Diverged>(this->append(*log, {"b"})));
  EXPECT_EQ(this->read(*log).error().code(), base::Errc::Conflict);
}

TYPED_TEST(EventLogTest, WatchesForWhatOthersAppend) {
  const auto writer = this->open_new_log();
  const auto reader = this->open_new_log();
  std::vector<std::string> seen;
  bool is_reading = false;
  reader->watch([&] {
    if (!is_reading) {
      is_reading = true;
      reader->read(reader->position().sequence, 100, [&](base::Result<EventLog::Read> got) {
        is_reading = false;
        for (const std::string& text : this->texts_of(got)) {
          seen.push_back(text);
        }
      });
    }
  });
  for (const std::string text : {"a", "b", "c"}) {
    this->append(*writer, {text}).ok();
    EXPECT_TRUE(this->world_.run_until([&] {
      return !seen.empty() && seen.back() == std::to_string(seen.size()) + "=" + text;
    })) << text;
  }
  EXPECT_THAT(seen, ElementsAre("1=a", "2=b", "3=c"));
}

TYPED_TEST(EventLogTest, CallsNothingAfterItIsDestroyed) {
  auto log = this->open_new_log();
  bool is_called = false;
  log->append(0, {event("a")}, [&](auto&&) { is_called = true; });
  log.reset();
  const auto other = this->open_new_log();

  this->read(*other).ok();

  EXPECT_FALSE(is_called);
}

}  // namespace
}  // namespace coordinator
