# distutils: language = c++
# cython: boundscheck=False, wraparound=False, initializedcheck=False
# cython: auto_pickle=False, autotestdict=False
"""The JPEG codec: arguments checked and errors raised, csrc/jpeg/jpeg.h called without the GIL.

What the functions do is said in ``facecrypt.media.jpeg``.
"""

import numpy as np

from facecrypt.errors import ContainerError, UnsupportedJpegError

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stddef cimport size_t
from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t
from libcpp cimport bool as cbool
from libcpp.memory cimport unique_ptr
from libcpp.string cimport string
from libcpp.utility cimport move
from libcpp.vector cimport vector

cdef extern from "Python.h":
    int PyBUF_READ

cdef extern from "<array>" nogil:
    cdef cppclass Quantisers "facecrypt::jpeg::Quantisers":
        uint16_t& operator[](size_t)
    cdef cppclass Tables "std::array<facecrypt::jpeg::Quantisers, 4>":
        Quantisers& operator[](size_t)
    cdef cppclass Planes "facecrypt::jpeg::Planes":
        Planes()
        Plane& operator[](size_t)

cdef extern from "jpeg/jpeg.h" namespace "facecrypt::jpeg" nogil:
    cdef cppclass View:
        const uint8_t *at
        size_t size
    cdef cppclass Bytes:
        const uint8_t *data()
        size_t size()
    cdef cppclass Plane:
        int16_t *at
        size_t pitch
    cdef cppclass Component:
        int id, h, v, quantisers
        uint32_t across, down
    cdef cppclass Frame:
        int precision
        uint32_t width, height
        vector[Component] components
        Tables quantisers
        cbool progressive()
    cdef cppclass Segment:
        int marker
        size_t offset, size
    cdef cppclass Layout:
        Frame frame
        vector[Segment] segments
    cdef cppclass Rect:
        uint32_t x0, y0, x1, y1
    cdef cppclass Failure:
        int kind
        string message
    cdef cppclass Task:
        Bytes tokens
        cbool wants_tokens
        cbool step(Failure &) noexcept
        cbool done() noexcept
    cdef cppclass CutParts:
        Bytes public_part, skeleton, recipe, dummies
        vector[Bytes] regions
        size_t end
    cdef cppclass SealedParts:
        vector[View] regions
        View skeleton, recipe, dummies, tail
    cbool c_parse "facecrypt::jpeg::parse"(View, Layout &, Failure &) noexcept
    cbool may_hold(View, const Layout &, Failure &) noexcept
    cbool c_decode "facecrypt::jpeg::decode"(
        View, const Layout &, const Planes &, Failure &) noexcept
    unique_ptr[Task] start_cut(View, vector[Rect], CutParts &, Failure &) noexcept
    cdef enum class File:
        original
        sealed
    unique_ptr[Task] start_tokens(View, vector[Rect], File, Failure &) noexcept
    unique_ptr[Task] start_restore(
        View, vector[Rect], SealedParts, Bytes &, Failure &) noexcept
    cbool c_place "facecrypt::jpeg::place"(
        View, const vector[Rect] &, const vector[View] &, const vector[cbool] &, Bytes &,
        Failure &) noexcept


cdef class _Held:
    """Bytes of the caller's, held while they are read."""

    cdef Py_buffer buffer
    cdef cbool held

    def __cinit__(self, data):
        PyObject_GetBuffer(data, &self.buffer, PyBUF_SIMPLE)
        self.held = True

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.buffer)

    cdef View view(self) noexcept:
        cdef View view
        view.at = <const uint8_t *> self.buffer.buf
        view.size = <size_t> self.buffer.len
        return view


cdef raise_for(Failure &failure):
    message = (<bytes> failure.message).decode()
    if failure.kind == 3:
        raise ValueError(f"{message}; find them with the frame of this file")
    if failure.kind == 2:
        raise ContainerError(f"the sealed parts of a JPEG do not fit it: {message}")
    raise UnsupportedJpegError(f"this JPEG cannot be taken apart: {message}")


cdef bytes copied(const Bytes &from_):
    return PyBytes_FromStringAndSize(<const char *> from_.data(), <Py_ssize_t> from_.size())


cdef vector[Rect] rectangles(rects) except *:
    cdef vector[Rect] found
    cdef Rect rect
    for one in rects:
        x0, y0, x1, y1 = one
        if not (0 <= x0 <= x1 <= 65535 and 0 <= y0 <= y1 <= 65535):
            raise ValueError(f"a rectangle is (x0, y0, x1, y1) with x0 <= x1, y0 <= y1, not {one}")
        rect.x0, rect.y0, rect.x1, rect.y1 = x0, y0, x1, y1
        found.push_back(rect)
    return found


cdef run(Task *task, update):
    cdef Failure failure
    cdef cbool worked
    task.wants_tokens = update is not None
    while not task.done():
        with nogil:
            worked = task.step(failure)
        if not worked:
            raise_for(failure)
        if update is not None and task.tokens.size() != 0:
            view = PyMemoryView_FromMemory(
                <char *> task.tokens.data(), <Py_ssize_t> task.tokens.size(), PyBUF_READ)
            update(view)
            view.release()


cdef Layout layout_of(_Held held) except *:
    cdef Layout layout
    cdef Failure failure
    cdef View view = held.view()
    cdef cbool worked
    with nogil:
        worked = c_parse(view, layout, failure)
    if not worked:
        raise_for(failure)
    return layout


def parse(data):
    """The fields of ``media.jpeg.Frame``, without classes."""
    cdef Layout layout = layout_of(_Held(data))
    cdef Frame *frame = &layout.frame
    cdef size_t i, k
    components = [
        (frame.components[i].h, frame.components[i].v, frame.components[i].quantisers)
        for i in range(frame.components.size())
    ]
    quant = []
    for number in sorted({number for _, _, number in components}):
        i = number
        quant.append(b"".join(
            int(frame.quantisers[i][k]).to_bytes(2, "big") for k in range(64)))
    segments = [
        (layout.segments[i].marker, layout.segments[i].offset, layout.segments[i].size)
        for i in range(layout.segments.size())
    ]
    ids = [frame.components[i].id for i in range(frame.components.size())]
    return (frame.precision, frame.width, frame.height, components, ids, quant,
            bool(frame.progressive()), segments)


def read_coefficients(data):
    """A (rows, columns, 64) int16 array of each component."""
    cdef _Held held = _Held(data)
    cdef View view = held.view()
    cdef Layout layout = layout_of(held)
    cdef Failure failure
    cdef Planes planes
    cdef cbool worked
    cdef size_t i
    cdef int16_t[:, :, ::1] plane
    if not may_hold(view, layout, failure):
        raise_for(failure)
    arrays = []
    for i in range(layout.frame.components.size()):
        across, down = layout.frame.components[i].across, layout.frame.components[i].down
        array = np.zeros((down, across, 64), np.int16)
        plane = array
        planes[i].at = &plane[0, 0, 0]
        planes[i].pitch = across
        arrays.append(array)
    with nogil:
        worked = c_decode(view, layout, planes, failure)
    if not worked:
        raise_for(failure)
    return arrays


def cut(data, rects, update):
    """The fields of ``media.jpeg.Cut``."""
    cdef _Held held = _Held(data)
    cdef View view = held.view()
    cdef vector[Rect] where = rectangles(rects)
    cdef CutParts parts
    cdef Failure failure
    cdef unique_ptr[Task] task
    cdef size_t i
    with nogil:
        task = start_cut(view, where, parts, failure)
    if not task:
        raise_for(failure)
    run(task.get(), update)
    regions = tuple(copied(parts.regions[i]) for i in range(parts.regions.size()))
    tail = PyBytes_FromStringAndSize(
        <const char *> view.at + parts.end, <Py_ssize_t> (view.size - parts.end))
    return (copied(parts.public_part), regions, copied(parts.skeleton), copied(parts.recipe),
            copied(parts.dummies), tail)


def tokens(data, rects, update, *, sealed):
    """Gives `update` the tokens."""
    cdef _Held held = _Held(data)
    cdef View view = held.view()
    cdef vector[Rect] where = rectangles(rects)
    cdef Failure failure
    cdef unique_ptr[Task] task
    cdef File kind = File.sealed if sealed else File.original
    with nogil:
        task = start_tokens(view, where, kind, failure)
    if not task:
        raise_for(failure)
    run(task.get(), update)


def restore(data, rects, regions, private, update):
    """The original; `private`: skeleton, recipe, dummies, tail."""
    cdef _Held held = _Held(data), part
    cdef View view = held.view()
    cdef vector[Rect] where = rectangles(rects)
    cdef SealedParts parts
    cdef Bytes original
    cdef Failure failure
    cdef unique_ptr[Task] task
    others = [_Held(region) for region in regions]
    for part in others:
        parts.regions.push_back(part.view())
    skeleton, recipe, dummies, tail = [_Held(one) for one in private]
    parts.skeleton = (<_Held> skeleton).view()
    parts.recipe = (<_Held> recipe).view()
    parts.dummies = (<_Held> dummies).view()
    parts.tail = (<_Held> tail).view()
    with nogil:
        task = start_restore(view, where, parts, original, failure)
    if not task:
        raise_for(failure)
    run(task.get(), update)
    return copied(original)


def place(data, rects, regions):
    """The public part with the regions of a mapping put back."""
    cdef _Held held = _Held(data), part
    cdef View view = held.view()
    cdef vector[Rect] where = rectangles(rects)
    cdef vector[View] views
    cdef vector[cbool] wanted
    cdef Bytes public
    cdef Failure failure
    cdef cbool worked
    cdef size_t i
    views.resize(where.size())
    wanted.resize(where.size())
    others = {index: _Held(region) for index, region in regions.items()}
    for index, one in others.items():
        if not 0 <= index < len(rects):
            raise IndexError(f"there is no region {index}; there are {len(rects)}")
        i = index
        part = one
        views[i] = part.view()
        wanted[i] = True
    with nogil:
        worked = c_place(view, where, views, wanted, public, failure)
    if not worked:
        raise_for(failure)
    return copied(public)
