"""How people write the digits: for each, several allographs as strokes of a pen, with how often they occur.

A drawing is text: `x,y` are control points in hundredths of the digit's height (y grows downwards), joined by a
smooth curve; `/` is a corner, from which the pen goes on; `;` lifts the pen.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Allograph:
    """One way to write one digit. `share` is its weight among the ways to write that digit."""

    digit: int
    share: float
    drawing: str

    @property
    def strokes(self) -> list[list[list[Point]]]:
        """Strokes of pieces of control points; a piece starts where the one before it in the stroke ended."""
        return [[_points(piece) for piece in stroke.split("/")] for stroke in self.drawing.split(";")]


def _points(piece: str) -> list[Point]:
    pairs = (word.split(",") for word in piece.split())
    return [(float(x) / 100, float(y) / 100) for x, y in pairs]


ALLOGRAPHS = (
    # 0: closed; ends crossing at the top; open at the top; a hook from within
    Allograph(0, 3, "52,1 27,12 14,48 24,85 48,99 74,86 86,50 75,14 50,1"),
    Allograph(0, 2, "62,8 36,6 14,35 14,68 36,97 66,90 86,55 78,20 52,3 32,14"),
    Allograph(0, 1.5, "40,6 18,24 12,60 30,94 60,94 84,64 80,24 58,4"),
    Allograph(0, 0.7, "52,22 42,4 18,24 10,60 28,94 58,96 84,66 82,26 50,4"),
    Allograph(0, 1, "72,0 40,10 12,48 24,90 54,97 82,64 76,26 48,8 30,14"),
    # 1: bare; with flag; with flag and base
    Allograph(1, 12, "55,0 52,33 48,66 45,100"),
    Allograph(1, 1.5, "30,20 42,12 52,0 / 52,50 52,100"),
    Allograph(1, 1.2, "24,22 38,14 52,0 / 52,50 52,100 ; 20,100 50,100 84,100"),
    # 2: plain foot; looped feet; angular; flat; curled head; slim
    Allograph(2, 2, "12,26 26,6 54,2 76,22 66,50 38,78 10,98 / 36,93 64,93 94,97"),
    Allograph(2, 2, "15,22 36,3 64,6 76,30 58,62 32,90 10,96 6,82 24,76 46,88 70,98 96,90"),
    Allograph(2, 1.5, "12,24 36,2 66,8 72,34 54,66 28,94 8,92 12,72 34,70 58,86 96,92"),
    Allograph(2, 1, "10,8 46,4 78,8 / 44,50 8,94 / 50,92 92,92"),
    Allograph(2, 1, "12,18 40,2 70,10 74,38 48,74 14,92 40,88 66,92 98,84"),
    Allograph(2, 1.2, "34,34 18,22 34,4 62,2 76,24 64,52 38,82 14,97 6,84 24,76 48,86 72,97 98,92"),
    Allograph(2, 0.8, "18,16 40,1 60,14 54,46 36,76 18,97 / 50,94 92,92"),
    Allograph(2, 0.5, "14,12 28,2 38,14 30,50 18,92 / 50,90 96,88"),
    Allograph(2, 1.5, "30,30 20,16 36,2 64,4 74,26 60,52 36,86 14,94 8,80 26,68 50,80 76,94 98,86"),
    Allograph(2, 1, "42,36 22,32 18,10 46,1 74,16 64,46 40,74 14,92 6,78 24,70 50,84 74,96 96,90"),
    # 3: cornered waist; looped waist; smooth waist; angular top; wide; long tail
    Allograph(3, 3, "16,12 44,1 72,14 66,36 36,47 / 66,52 80,72 62,94 34,99 10,88"),
    Allograph(3, 1.5, "18,10 46,1 72,14 64,36 42,47 32,48 42,44 66,54 80,74 62,94 34,99 8,86"),
    Allograph(3, 2, "14,8 46,2 72,14 62,38 46,46 66,54 78,74 60,96 30,98 6,86"),
    Allograph(3, 0.8, "14,4 44,4 76,2 / 58,22 38,42 / 68,50 80,72 62,94 34,99 10,88"),
    Allograph(3, 1, "4,12 38,2 76,6 66,26 40,44 / 68,48 90,66 68,90 34,98 0,90"),
    Allograph(3, 1, "26,12 54,1 76,14 64,34 44,45 / 66,54 70,72 50,92 22,99 -8,92"),
    Allograph(3, 1, "10,10 42,1 70,12 64,34 50,46 / 62,58 64,78 46,98 14,96"),
    # 4: open, bar and stem apart; closed; cup and stem; in one stroke; hooked
    Allograph(4, 4, "20,2 14,28 10,52 / 44,54 84,50 ; 74,4 70,50 66,100"),
    Allograph(4, 3, "62,2 36,32 8,62 / 50,62 92,60 ; 66,4 64,50 62,100"),
    Allograph(4, 2, "16,4 12,36 28,54 54,50 74,34 ; 78,2 72,50 66,100"),
    Allograph(4, 1.5, "20,6 12,40 26,54 56,46 80,4 / 70,50 60,100"),
    Allograph(4, 1.5, "32,2 16,30 8,54 / 50,50 98,42 ; 66,16 60,56 52,100"),
    # 5: bar drawn last; in one stroke; rounded; long bar; no neck corner; small belly
    Allograph(5, 2, "28,8 24,26 20,44 / 44,38 72,50 74,78 48,98 10,92 ; 28,8 58,5 90,2"),
    Allograph(5, 3, "84,4 56,5 28,6 / 22,24 18,44 / 46,36 74,52 76,78 52,98 12,92"),
    Allograph(5, 1, "84,4 52,4 32,16 30,38 54,50 72,68 60,92 32,99 8,88"),
    Allograph(5, 1.5, "36,12 30,28 26,42 / 50,44 64,62 54,84 32,97 6,92 ; 38,12 72,8 112,0"),
    Allograph(5, 1.2, "86,2 60,6 36,10 / 26,38 50,46 68,64 60,90 34,98 6,90"),
    Allograph(5, 1, "78,2 52,4 26,6 / 26,24 26,42 / 54,42 72,58 62,82 44,98 22,98"),
    Allograph(5, 1, "86,6 56,5 28,8 / 22,26 18,46 / 48,36 76,52 74,84 46,99 18,88 20,74"),
    Allograph(5, 0.8, "78,6 50,4 28,14 22,38 46,44 70,52 72,76 50,98 24,90"),
    Allograph(5, 0.8, "90,0 58,6 38,24 34,40 50,50 58,70 40,92 6,96"),
    # 6: curved; straight back; small loop; open bowl; loop across the back
    Allograph(6, 3, "62,1 36,20 16,52 18,84 44,99 72,86 72,62 48,54 22,74"),
    Allograph(6, 2, "50,0 34,30 20,62 26,92 52,98 74,82 66,60 44,58 24,78"),
    Allograph(6, 1, "70,2 36,18 12,54 16,88 44,99 66,86 58,68 36,70 16,88"),
    Allograph(6, 2, "36,1 16,32 10,72 34,98 70,90 86,62 66,42 42,56 34,84"),
    Allograph(6, 1, "60,1 34,26 18,60 24,90 50,98 72,82 66,62 44,58 10,70"),
    Allograph(6, 0.7, "66,8 38,2 14,28 12,70 34,98 66,92 76,66 54,50 18,66"),
    Allograph(6, 1, "60,0 38,36 22,72 26,95 46,90 58,72 50,60 34,66 22,84"),
    Allograph(6, 1, "44,0 20,24 8,60 22,94 58,97 84,74 78,46 54,40 40,62 52,84"),
    # 7: plain; with serifs; with bars; curved; wavy; concave
    Allograph(7, 3, "10,10 44,8 84,6 / 62,50 46,100"),
    Allograph(7, 1, "10,26 12,16 14,8 / 46,8 84,6 / 62,50 46,100"),
    Allograph(7, 0.7, "8,40 12,22 20,6 / 48,8 76,2 / 66,50 58,100"),
    Allograph(7, 2, "12,10 44,8 84,6 / 60,50 44,100 ; 30,54 54,51 80,48"),
    Allograph(7, 1.5, "12,18 28,6 54,8 78,12 64,46 40,100 ; 24,64 52,54 86,50"),
    Allograph(7, 2, "8,16 32,6 64,8 80,18 66,44 54,70 48,100"),
    Allograph(7, 1, "6,22 20,6 42,12 64,14 86,2 / 66,40 50,70 44,100"),
    Allograph(7, 0.7, "6,14 36,2 70,2 82,16 80,50 70,100"),
    Allograph(7, 0.8, "12,28 16,10 / 46,9 84,6 / 62,50 46,100 ; 34,54 56,51 84,46"),
    # 8: one stroke from the top right; two rings; open top; narrow foot; from the middle; straight return
    Allograph(8, 3, "72,14 48,1 26,14 32,34 56,52 76,74 60,96 32,96 20,76 40,54 64,36 74,16"),
    Allograph(8, 1, "50,1 26,12 28,36 50,47 72,36 74,12 50,1 ; 50,47 22,62 22,88 50,99 78,88 78,62 50,47"),
    Allograph(8, 1.5, "80,12 54,2 30,14 36,36 60,54 72,76 54,98 28,92 22,74 44,54 74,26 84,6"),
    Allograph(8, 1.5, "78,10 50,1 24,14 32,36 52,52 60,76 48,98 30,92 30,72 48,48 72,28 78,10"),
    Allograph(8, 1, "50,46 28,30 36,4 64,4 72,28 50,46 28,70 36,97 64,97 72,72 50,46"),
    Allograph(8, 1.2, "78,16 50,1 22,16 38,40 64,58 74,80 50,99 24,84 42,56 / 60,36 82,12"),
    # 9: straight stem; curved tail; leaning stem; wide head; in one stroke; closed loop first
    Allograph(9, 3, "76,14 50,2 22,20 22,42 46,50 72,28 / 72,60 68,100"),
    Allograph(9, 1.5, "76,16 50,2 24,18 24,42 50,48 74,26 / 76,62 62,92 22,94"),
    Allograph(9, 2, "70,20 48,2 22,16 20,40 44,46 70,22 62,60 50,100"),
    Allograph(9, 1, "72,14 42,4 10,26 12,52 44,58 72,30 / 74,60 84,98"),
    Allograph(9, 1, "72,30 52,48 26,42 26,12 52,1 74,14 74,42 66,70 54,100"),
    Allograph(9, 1, "72,12 46,2 20,20 24,42 50,40 72,14 / 58,56 36,100"),
    Allograph(9, 1, "76,20 44,2 12,18 12,46 44,58 74,36 / 78,70 70,99"),
    Allograph(9, 0.8, "66,6 36,8 16,30 32,48 58,40 78,8 / 66,56 52,100"),
)
