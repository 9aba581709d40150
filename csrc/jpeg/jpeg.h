// What facecrypt/_jpeg.pyx calls. Nothing here throws: a failure is a kind and a message, and what
// was asked for is then not there.
#pragma once

#include "bytes.h"
#include "cells.h"
#include "layout.h"

#include <memory>
#include <string>

namespace facecrypt::jpeg {

struct Failure {
    enum Kind { none = 0, refused = 1, damaged = 2, misplaced = 3 };
    int kind = none;
    std::string message;
};

bool parse(View file, Layout &layout, Failure &failure) noexcept;

// Decodes all scans into blocks that are zero, of the size that the layout says.
bool decode(View file, const Layout &layout, const Planes &planes, Failure &failure) noexcept;
// Whether the file is long enough for them, which is asked before they are allocated.
bool may_hold(View file, const Layout &layout, Failure &failure) noexcept;

// Work on a JPEG, a stretch at a time, so that what comes out meanwhile can be hashed.
class Task {
public:
    virtual ~Task() = default;

    // Some more of it; fills `tokens` with those of the public coefficients. False where it
    // failed. Not to be called after the last, when done() is true.
    bool step(Failure &failure) noexcept;
    bool done() const noexcept { return done_; }

    Bytes tokens;
    bool wants_tokens = true;

protected:
    // One row of cells; false after the last, when all else is done.
    virtual bool advance() = 0;

private:
    bool done_ = false;
};

struct CutParts {
    Bytes public_part, skeleton, recipe, dummies;
    std::vector<Bytes> regions;
    std::size_t end = 0;  // of the original's scans and segments: its tail begins here
};

// What is put together again; views of the caller's, which have to outlive the task.
struct SealedParts {
    std::vector<View> regions;
    View skeleton, recipe, dummies, tail;
};

// The file has to outlive the task. misplaced: a rectangle outside the grid. Null: failed.
std::unique_ptr<Task> start_cut(View file, std::vector<Rect> rects, CutParts &parts,
                                Failure &failure) noexcept;
std::unique_ptr<Task> start_tokens(View file, std::vector<Rect> rects, File kind,
                                   Failure &failure) noexcept;
std::unique_ptr<Task> start_restore(View file, std::vector<Rect> rects, SealedParts parts,
                                    Bytes &original, Failure &failure) noexcept;
// Of the regions those are put back that are `wanted`; the cells of the others are empty.
bool place(View file, const std::vector<Rect> &rects, const std::vector<View> &regions,
           const std::vector<bool> &wanted, Bytes &public_part, Failure &failure) noexcept;

}  // namespace facecrypt::jpeg
