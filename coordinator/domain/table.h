// Ordered tables that can take back what was done since the last commit().
//
// Commands are decided on the state as it will be once the append in flight is durable. When that
// append loses its compare-and-set, everything since the last commit must be undone, and at a cost
// that depends on the batch and not on the fleet: so every change keeps what it replaced.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace coordinator {

// A map from K to V, ordered by K. Pointers and iterators stay good until their own entry is
// erased. Reads and changes O(log n); commit() and roll_back() O(changes since the last commit).
template <typename K, typename V>
class Table {
 public:
  using Map = std::map<K, V>;

  // The value of `key`, or nullptr.
  const V* find(const K& key) const {
    const auto it = map_.find(key);
    return it == map_.end() ? nullptr : &it->second;
  }
  bool contains(const K& key) const { return map_.find(key) != map_.end(); }
  std::size_t size() const { return map_.size(); }
  bool empty() const { return map_.empty(); }

  typename Map::const_iterator begin() const { return map_.begin(); }
  typename Map::const_iterator end() const { return map_.end(); }
  typename Map::const_iterator lower_bound(const K& key) const { return map_.lower_bound(key); }

  // Inserts or replaces.
  void put(const K& key, V value) {
    const auto it = map_.find(key);
    if (it == map_.end()) {
      map_.emplace(key, std::move(value));
      undo_.emplace_back(key, std::nullopt);
    } else {
      undo_.emplace_back(key, std::move(it->second));
      it->second = std::move(value);
    }
  }

  // False if there was none.
  bool erase(const K& key) {
    const auto it = map_.find(key);
    if (it == map_.end()) {
      return false;
    }
    undo_.emplace_back(key, std::move(it->second));
    map_.erase(it);
    return true;
  }

  // What was done since the last commit stays.
  void commit() { undo_.clear(); }

  // What was done since the last commit is undone, newest first.
  void roll_back() {
    while (!undo_.empty()) {
      auto& [key, before] = undo_.back();
      if (before.has_value()) {
        map_.insert_or_assign(key, std::move(*before));
      } else {
        map_.erase(key);
      }
      undo_.pop_back();
    }
  }

  friend bool operator==(const Table& a, const Table& b) { return a.map_ == b.map_; }

 private:
  Map map_;
  std::vector<std::pair<K, std::optional<V>>> undo_;
};

// One value with the same two ends.
template <typename V>
class Cell {
 public:
  const V& get() const { return value_; }
  void put(V value) {
    if (!before_.has_value()) {
      before_ = std::move(value_);
    }
    value_ = std::move(value);
  }
  void commit() { before_.reset(); }
  void roll_back() {
    if (before_.has_value()) {
      value_ = std::move(*before_);
      before_.reset();
    }
  }

  friend bool operator==(const Cell& a, const Cell& b) { return a.value_ == b.value_; }

 private:
  V value_{};
  std::optional<V> before_;
};

}  // namespace coordinator
