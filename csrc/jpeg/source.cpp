#include "source.h"

namespace facecrypt::jpeg {
namespace {

const Layout &checked(View file, const Layout &layout) {
    check_size(file, layout.frame);
    return layout;
}

}  // namespace

bool is_one_scan(const Layout &layout) noexcept {
    return layout.scans.size() == 1 && !layout.frame.progressive();
}

Source::Source(View file, const Layout &layout, bool streams, bool remember)
    : file_(file), layout_(checked(file, layout)), streams_(streams), remember_(remember),
      coefficients_(layout.frame, streams ? 1 : layout.frame.down) {
    if (streams_)
        rewind();
    else
        recipes_ = decode_scans(file, layout, coefficients_.planes());
}

void Source::rewind() {
    if (!streams_) return;
    const Scan &scan = layout_.scans[0];
    decoder_.emplace(layout_.frame, scan, file_.part(scan.begin, scan.end), remember_);
}

Planes Source::row(std::uint32_t y) {
    if (!streams_) return row_of(layout_.frame, coefficients_.planes(), y);
    coefficients_.clear();
    each_scan_row(layout_.frame, layout_.scans[0], y,
                  [this](std::size_t j) { decoder_->row(coefficients_.planes(), j); });
    return coefficients_.planes();
}

std::vector<Recipe> Source::finish() {
    if (streams_) recipes_ = {decoder_->finish()};
    return std::move(recipes_);
}

}  // namespace facecrypt::jpeg
