#include "dummies.h"

namespace facecrypt::jpeg {
namespace {

// Calls visit(component, block before it, dummy block) for the public ones of a row of cells.
template <class Visit>
void visit_dummies(const Frame &frame, const Planes &row, std::uint32_t y, const Owners &owners,
                   Visit &&visit) {
    if (frame.components.size() == 1) return;  // its scans have no such blocks
    const bool bottom = y == frame.down - 1;
    for (std::uint32_t cell = bottom ? 0 : frame.across - 1; cell < frame.across; ++cell) {
        if (owners.of(cell) != nobody) continue;
        for (std::size_t c = 0; c < frame.components.size(); ++c) {
            const Component &one = frame.components[c];
            const auto h = static_cast<std::uint32_t>(one.h);
            const auto v = static_cast<std::uint32_t>(one.v);
            const std::int16_t *before = nullptr;
            for (std::uint32_t j = 0; j < v; ++j)
                for (std::uint32_t i = 0; i < h; ++i) {
                    std::int16_t *block = row[c].block(cell * h + i, j);
                    if (before && (cell * h + i >= one.wide || y * v + j >= one.high))
                        visit(c, before, block);
                    before = block;
                }
        }
    }
}

}  // namespace

DummyList::DummyList(const Layout &layout) : frame_(layout.frame) {
    for (const Scan &scan : layout.scans)
        for (const std::size_t c : scan.components) coded_[c] |= scan.interleaved();
}

void DummyList::take(const Planes &row, std::uint32_t y, const Owners &owners) {
    visit_dummies(frame_, row, y, owners,
                  [this](std::size_t c, const std::int16_t *before, const std::int16_t *block) {
                      const std::uint64_t mask = nonzero(block);
                      if (coded_[c] && (block[0] != before[0] || mask & ~std::uint64_t{1})) {
                          put_varint(packed_, index_ - last_);
                          last_ = index_;
                          put_block(packed_, block, mask);
                      }
                      ++index_;
                  });
}

DummyFiller::DummyFiller(const Frame &frame, View packed) : frame_(frame), packed_(packed) {
    advance();
}

void DummyFiller::advance() {
    more_ = packed_.left() != 0;
    if (more_) next_ += packed_.varint();
}

void DummyFiller::fill(const Planes &row, std::uint32_t y, const Owners &owners) {
    visit_dummies(frame_, row, y, owners,
                  [this](std::size_t, const std::int16_t *before, std::int16_t *block) {
                      const std::int16_t dc = before[0];
                      std::memset(block, 0, sizeof(std::int16_t[64]));
                      if (more_ && index_ == next_) {
                          take_block(packed_, block);
                          advance();
                      } else {
                          block[0] = dc;
                      }
                      ++index_;
                  });
}

void DummyFiller::finish() const {
    if (more_) throw Damaged("a block outside the picture that is not there");
}

}  // namespace facecrypt::jpeg
