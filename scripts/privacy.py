"""Write the inventory of personal data into docs/privacy.md, between its two marks."""

from pathlib import Path

from applications.rules.inventory import INVENTORY
from applications.rules.privacy import as_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "privacy.md"
BEGIN, END = "<!-- inventory -->\n", "\n<!-- end of inventory -->"

if __name__ == "__main__":
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}{as_table(INVENTORY)}{END}{after}", encoding="utf-8")
