#include "jpeg.h"
#include "tasks.h"

namespace facecrypt::jpeg {
namespace {

// Tokens are handed over in stretches of this size.
constexpr std::size_t stretch = 256 << 10;

template <class Work> bool guarded(Failure &failure, Work &&work) noexcept {
    try {
        work();
        return true;
    } catch (const Damaged &damaged) {
        failure.kind = Failure::damaged;
        failure.message = damaged.what();
    } catch (const std::out_of_range &misplaced) {
        failure.kind = Failure::misplaced;
        failure.message = misplaced.what();
    } catch (const MissingSymbol &) {
        failure.kind = Failure::damaged;
        failure.message = "the tables of the original lack a symbol";
    } catch (const std::bad_alloc &) {
        failure.kind = Failure::refused;
        failure.message = "there is not enough memory for it";
    } catch (const std::exception &refused) {
        failure.kind = Failure::refused;
        failure.message = refused.what();
    }
    return false;
}

}  // namespace

bool Task::step(Failure &failure) noexcept {
    tokens.clear();
    return guarded(failure, [this] {
        while (!done_ && tokens.size() < stretch) done_ = !advance();
    });
}

bool parse(View file, Layout &layout, Failure &failure) noexcept {
    return guarded(failure, [&] { layout = read_layout(file, false); });
}

bool may_hold(View file, const Layout &layout, Failure &failure) noexcept {
    return guarded(failure, [&] { check_size(file, layout.frame); });
}

bool decode(View file, const Layout &layout, const Planes &planes, Failure &failure) noexcept {
    return guarded(failure, [&] { decode_scans(file, layout, planes); });
}

std::unique_ptr<Task> start_cut(View file, std::vector<Rect> rects, CutParts &parts,
                                Failure &failure) noexcept {
    std::unique_ptr<Task> task;
    guarded(failure, [&] { task = make_cut(file, std::move(rects), parts); });
    return task;
}

std::unique_ptr<Task> start_tokens(View file, std::vector<Rect> rects, File kind,
                                   Failure &failure) noexcept {
    std::unique_ptr<Task> task;
    guarded(failure, [&] { task = make_tokens(file, std::move(rects), kind); });
    return task;
}

std::unique_ptr<Task> start_restore(View file, std::vector<Rect> rects, SealedParts parts,
                                    Bytes &original, Failure &failure) noexcept {
    std::unique_ptr<Task> task;
    guarded(failure,
            [&] { task = make_restore(file, std::move(rects), std::move(parts), original); });
    return task;
}

bool place(View file, const std::vector<Rect> &rects, const std::vector<View> &regions,
           const std::vector<bool> &wanted, Bytes &public_part, Failure &failure) noexcept {
    return guarded(failure, [&] { public_part = place_regions(file, rects, regions, wanted); });
}

}  // namespace facecrypt::jpeg
