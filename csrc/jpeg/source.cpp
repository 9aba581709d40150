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

Source::Source(View file, const Layout &layout, bool streams)
    : file_(file), layout_(checked(file, layout)), row_(layout.frame, layout.frame.across) {
    if (streams) {
        rewind();
    } else {
        coefficients_.emplace(layout.frame, layout.frame.down);
        recipes_ = decode_scans(file, layout, all());
    }
}

void Source::rewind() {
    if (coefficients_) return;
    const Scan &scan = layout_.scans[0];
    decoder_.emplace(layout_.frame, scan, file_.part(scan.begin, scan.end));
}

const PackedRow &Source::row(std::uint32_t y) {
    if (coefficients_)
        pack_row(layout_.frame, row_of(layout_.frame, all(), y), row_);
    else
        decoder_->row(row_);
    return row_;
}

std::vector<Recipe> Source::finish() {
    if (decoder_) recipes_ = {decoder_->finish()};
    return std::move(recipes_);
}

}  // namespace facecrypt::jpeg
