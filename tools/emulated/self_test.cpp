// Kernels and JPEG codec against frozen bytes, without Python: for systems that the tests cannot run
// on yet. `self_test CASES`, a file of write_cases.py; says how many were equal, 1 where one was not.
#include "jpeg/jpeg.h"
#include "kernels.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

using namespace facecrypt;
using Data = std::vector<std::uint8_t>;

enum Kind : std::uint64_t { eq4, floor255, round255, floor256, many_lanes, jpeg_file };

struct Case {
    std::uint64_t kind = 0, keys = 0, discard = 0, bytes = 0, size = 0;
    std::vector<double> mu, d0;
    Data expected;

    bool read(std::istream &in) {
        for (std::uint64_t *field : {&kind, &keys, &discard, &bytes, &size})
            if (!in.read(reinterpret_cast<char *>(field), sizeof *field)) return false;
        for (std::vector<double> *part : {&mu, &d0}) {
            part->resize(keys);
            in.read(reinterpret_cast<char *>(part->data()),
                    static_cast<std::streamsize>(keys * sizeof(double)));
        }
        expected.resize(size);
        in.read(reinterpret_cast<char *>(expected.data()), static_cast<std::streamsize>(size));
        return static_cast<bool>(in);
    }
};

bool same_keystream(const Case &one) {
    Data out(one.size);
    if (one.kind == many_lanes) {
        const Lanes keys{one.mu.data(), one.d0.data(), one.keys, one.discard,
                         static_cast<int>(one.bytes), one.size};
        lanes(keys, nullptr, out.data(), out.size(), 2);
    } else {
        sequence(one.mu[0], one.d0[0], one.discard, static_cast<Quantiser>(one.kind), nullptr,
                 out.data(), out.size());
    }
    return out == one.expected;
}

bool run(jpeg::Task *task, jpeg::Failure &failure) {
    if (task == nullptr) return false;
    while (!task->done())
        if (!task->step(failure)) return false;
    return true;
}

// Cuts the first cell out of a file, and puts it back.
bool same_jpeg(const Data &file) {
    const jpeg::View view{file.data(), file.size()};
    const std::vector<jpeg::Rect> rects{{0, 0, 1, 1}};
    jpeg::Failure failure;
    jpeg::CutParts parts;
    if (!run(jpeg::start_cut(view, rects, parts, failure).get(), failure)) return false;
    Data sealed{0xff, 0xd8};
    sealed.insert(sealed.end(), parts.public_part.data(),
                  parts.public_part.data() + parts.public_part.size());
    const jpeg::View tail = view.part(parts.end, view.size);
    const jpeg::SealedParts back{{parts.regions[0].view()}, parts.skeleton.view(),
                                 parts.recipe.view(), parts.dummies.view(), tail};
    jpeg::Bytes original;
    const jpeg::View again{sealed.data(), sealed.size()};
    if (!run(jpeg::start_restore(again, rects, back, original, failure).get(), failure))
        return false;
    return Data(original.data(), original.data() + original.size()) == file;
}

// Pixels of three channels by their definition, to an output that begins anywhere in a line, and in
// place.
bool same_pixels(std::size_t pixels_each, std::size_t offset) {
    static constexpr std::uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                                  {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    constexpr std::size_t count = 3;
    const std::size_t size = 3 * pixels_each;
    Data order(pixels_each), mask(size), in(count * size), expected(in.size());
    std::uint32_t noise = 1;
    const auto draw = [&] {
        return static_cast<std::uint8_t>((noise = noise * 1664525 + 1) >> 24);
    };
    for (auto &one : order) one = draw() % 6;
    for (auto &one : mask) one = draw();
    for (auto &one : in) one = draw();
    for (std::size_t i = 0; i < in.size(); ++i) {
        const std::size_t at = i % size, pixel = at / 3;
        expected[i] = static_cast<std::uint8_t>(in[i - i % 3 + orders[order[pixel]][i % 3]] ^
                                                mask[at]);
    }
    const Pixels key{order.data(), mask.data(), pixels_each, 3};
    Data out(in.size() + offset + 1), same(out.size());
    std::copy(in.begin(), in.end(), same.begin() + static_cast<std::ptrdiff_t>(offset));
    pixels(key, in.data(), out.data() + offset, count, 2);
    pixels(key, same.data() + offset, same.data() + offset, count, 1);
    return out == same && (offset == 0 || out.front() == 0) && out.back() == 0 &&
           std::equal(expected.begin(), expected.end(),
                      out.begin() + static_cast<std::ptrdiff_t>(offset));
}

int failures(const std::vector<Case> &cases, const char *name) {
    int wrong = 0, all = static_cast<int>(cases.size());
    for (const std::size_t each : {1, 5, 64, 100, 1024, 3000})
        for (const std::size_t offset : {0, 1, 16, 63}) {
            ++all;
            if (!same_pixels(each, offset)) ++wrong;
        }
    for (const Case &one : cases) {
        const bool same = one.kind == jpeg_file ? same_jpeg(one.expected) : same_keystream(one);
        if (!same) ++wrong;
    }
    std::printf("%s: %d of %d cases equal\n", name, all - wrong, all);
    return wrong;
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: self_test CASES\n");
        return 2;
    }
    std::ifstream in(arguments[1], std::ios::binary);
    std::vector<Case> cases;
    for (Case one; one.read(in);) cases.push_back(one);
    if (cases.empty() || !in.eof() || in.gcount() != 0) {
        std::fprintf(stderr, "%s: no file of cases, or cut short\n", arguments[1]);
        return 2;
    }
    int wrong = 0;
    const std::pair<Isa, const char *> sets[] = {
        {Isa::baseline, "baseline"}, {Isa::avx2, "avx2"}, {Isa::avx512, "avx512"}};
    for (const auto &[which, name] : sets)
        if (select_isa(which)) wrong += failures(cases, name);
    return wrong == 0 ? 0 : 1;
}
