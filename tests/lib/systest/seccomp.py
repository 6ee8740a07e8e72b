# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command that may not make one system call: seccomp.py NUMBER ERRNO COMMAND [ARG...]."""

import ctypes
import os
import struct
import sys

# linux/filter.h, linux/seccomp.h, linux/prctl.h
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def instruction(code, jump_true, jump_false, value):
    return struct.pack("HBBI", code, jump_true, jump_false, value)


def forbid(number, error):
    text = (instruction(LOAD_WORD, 0, 0, 0) + instruction(JUMP_IF_EQUAL, 0, 1, number)
            + instruction(RETURN, 0, 0, ERRNO | error) + instruction(RETURN, 0, 0, ALLOW))
    memory = ctypes.create_string_buffer(text)
    program = Program(len(text) // 8, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    forbid(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])
