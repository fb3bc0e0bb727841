/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#define ATOMIC_BLOCK(kind) for (int once = 1; once; once = 0)
