#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""picture.py PROGRAM FOLDER: draws the pictures of the documentation, from what a terminal (tmux) shows of the
dashboard over a made-up host. PROGRAM is tui_scene; needs Pillow and the DejaVu fonts."""
import re
import sys
import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import screens

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf"
SIZE, LINE, MARGIN = 14, 18, 10
GROUND, TEXT = (18, 18, 18), (212, 212, 212)
BASIC = [(0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16), (36, 114, 200), (188, 63, 188), (17, 168, 205),
         (229, 229, 229)]
PICTURES = {
    "dashboard": screens.Screen("dashboard", columns=110, rows=20),
    "process": screens.Screen("process", ["/", "=worker", "Enter", "Enter", *["Space"] * 40], columns=110, rows=32),
}


def colour(number):
    """One of the 256 colours of xterm."""
    if number < 16:
        return BASIC[number % 8]
    if number < 232:
        steps = (0, 95, 135, 175, 215, 255)
        return tuple(steps[(number - 16) // base % 6] for base in (36, 6, 1))
    return (8 + 10 * (number - 232),) * 3


class Pen:
    """The attributes that a terminal draws with."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.text = self.ground = None
        self.bold = self.dim = self.reverse = False

    def take(self, codes):
        codes = iter(codes)
        for code in codes:
            if code == 0:
                self.reset()
            elif code in (1, 2, 7):
                setattr(self, {1: "bold", 2: "dim", 7: "reverse"}[code], True)
            elif code in (38, 48):
                next(codes)
                setattr(self, "text" if code == 38 else "ground", colour(next(codes)))
            elif 30 <= code <= 37:
                self.text = colour(code - 30)
            elif 40 <= code <= 47:
                self.ground = colour(code - 40)
            elif code == 39:
                self.text = None
            elif code == 49:
                self.ground = None

    def colours(self):
        text, ground = self.text or TEXT, self.ground or GROUND
        if self.dim:
            text = tuple((2 * a + 3 * b) // 5 for a, b in zip(text, ground))
        return (ground, text) if self.reverse else (text, ground)


def draw(text, columns):
    fonts = {bold: ImageFont.truetype(FONT.format("-Bold" if bold else ""), SIZE) for bold in (False, True)}
    cell = round(fonts[False].getlength("M"))
    lines = text.rstrip("\n").split("\n")
    image = Image.new("RGB", (cell * columns + 2 * MARGIN, LINE * len(lines) + 2 * MARGIN), GROUND)
    canvas = ImageDraw.Draw(image)
    pen = Pen()
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            if part.startswith("\x1b"):
                pen.take(int(code or 0) for code in part[2:-1].split(";"))
                continue
            for character in part:
                width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
                x, y = MARGIN + cell * column, MARGIN + LINE * row
                front, back = pen.colours()
                canvas.rectangle([x, y, x + width * cell - 1, y + LINE - 1], fill=back)
                canvas.text((x, y), character, font=fonts[pen.bold], fill=front)
                column += width
    return image.quantize(64)


def main():
    program, folder = sys.argv[1:]
    with screens.Tmux(str(Path(program).absolute())) as tmux:
        for name, screen in PICTURES.items():
            screen.colours = True
            text = screens.show(tmux, screen, None)
            draw(text, screen.columns).save(Path(folder) / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
