#include "gpu/curve/pairing.h"

#include <vector>

namespace gpu {
namespace {

// Miller's loop of one term: the running multiple of q and the line of the step under way.
struct Walk {
  PairingTerm term;
  G2Affine at;
};

// The line through `at` with the given slope, untwisted (x w^2, y w^3) and evaluated at p:
// p.y - slope p.x w + (slope at.x - at.y) w^3.
Fq12 line(const Walk& walk, const Fq2& slope) {
  Fq12 out;
  out.c0.c0 = {walk.term.p.y, Fq()};
  out.c1.c0 = -(slope * walk.term.p.x);
  out.c1.c1 = slope * walk.at.x - walk.at.y;
  return out;
}

// One step of all walks: doubles each point or adds q to it. No denominator is zero, as the points
// are of order r and the loop's number is far below it.
Fq12 step(std::span<Walk> walks, bool is_doubling) {
  std::vector<Fq2> inverses;
  for (const Walk& walk : walks) {
    inverses.push_back(is_doubling ? walk.at.y.doubled() : walk.term.q.x - walk.at.x);
  }
  std::vector<Fq2> scratch(walks.size());
  invert_all<Fq2>(inverses, scratch);
  Fq12 out = Fq12::one();
  for (std::size_t i = 0; i < walks.size(); ++i) {
    Walk& walk = walks[i];
    const Fq2 square = walk.at.x.squared();
    const Fq2 numerator = is_doubling ? square.doubled() + square : walk.term.q.y - walk.at.y;
    const Fq2 slope = numerator * inverses[i];
    out *= line(walk, slope);
    const Fq2 x = slope.squared() - walk.at.x - (is_doubling ? walk.at.x : walk.term.q.x);
    walk.at = {x, slope * (walk.at.x - x) - walk.at.y};
  }
  return out;
}

Fq12 miller_loop(std::span<Walk> walks) {
  constexpr Limbs<1> kLoop = {{detail::kX}};
  Fq12 out = Fq12::one();
  for (std::size_t i = bit_length(kLoop) - 1; i-- > 0;) {
    out = out.squared();
    out *= step(walks, true);
    if (bit(kLoop, i)) {
      out *= step(walks, false);
    }
  }
  return out;
}

// To the power (q^12 - 1) / r, times 3: (q^6 - 1)(q^2 + 1), then 3 (q^4 - q^2 + 1) / r =
// (x - 1)^2 (x + q)(x^2 + q^2 - 1) + 3 (Hayashida, Hayasaka, Teruya, "Efficient final
// exponentiation via cyclotomic structure for pairings over families of elliptic curves", 2020).
Fq12 final_exponentiation(const Fq12& value) {
  constexpr Limbs<1> kX = {{detail::kX}};
  constexpr Limbs<1> kXLessOne = {{detail::kX - 1}};
  const Fq12 half = value.conjugate() * value.inverse();
  const Fq12 easy = half.frobenius().frobenius() * half;
  const Fq12 a = easy.pow(kXLessOne).pow(kXLessOne);
  const Fq12 b = a.pow(kX) * a.frobenius();
  // From here on, conjugates are inverses.
  const Fq12 c = b.pow(kX).pow(kX) * b.frobenius().frobenius() * b.conjugate();
  return c * easy.squared() * easy;
}

}  // namespace

Fq12 pairing_product(std::span<const PairingTerm> terms) {
  std::vector<Walk> walks;
  for (const PairingTerm& term : terms) {
    if (!term.p.is_infinity() && !term.q.is_infinity()) {
      walks.push_back({term, term.q});
    }
  }
  return final_exponentiation(miller_loop(walks));
}

bool pairings_are_equal(const PairingTerm& a, const PairingTerm& b) {
  const PairingTerm terms[] = {a, {-b.p, b.q}};
  return pairing_product(terms) == Fq12::one();
}

}  // namespace gpu
