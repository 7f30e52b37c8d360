"""The words that generated posts are made of. Data only; services/source/pools.py puts them together."""

# What posts of a category are about. Weights of the categories follow 136..205 of 2,117 real posts.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "christmas": (
        "Christmas Tree", "Advent Calendar", "Front Porch Garland", "Stocking Stuffers",
        "Gingerbread House",
        "Snow Globe", "Holiday Table", "Wreath", "Gift Wrapping", "Mantel Decor", "Sugar Cookies",
        "Ornaments",
    ),
    "art": (
        "Watercolor Landscape", "Acrylic Pour", "Charcoal Portrait", "Sketchbook Page", "Linocut Print",
        "Abstract Canvas", "Ink Drawing", "Oil Pastel", "Clay Figure", "Street Mural",
        "Gouache Study", "Collage",
    ),
    "travel": (
        "Amalfi Coast Itinerary", "Road Trip", "Packing List", "Hidden Beaches", "Iceland Ring Road",
        "Weekend in Lisbon", "Solo Travel", "National Parks", "Train Journey", "Kyoto Temples",
        "Bali Villas", "City Break",
    ),
    "mens-fashion": (
        "Linen Shirt", "Summer Outfit", "Chelsea Boots", "Tailored Suit", "Denim Jacket", "Street Style",
        "Capsule Wardrobe", "Winter Coat", "Minimal Sneakers", "Short Haircut", "Leather Watch",
        "Smart Casual Look",
    ),
    "tattoos": (
        "Fine Line Tattoo", "Forearm Sleeve", "Floral Shoulder Piece", "Small Wrist Tattoo",
        "Geometric Wolf",
        "Blackwork Mandala", "Matching Tattoos", "Mountain Outline", "Script Lettering",
        "Koi Fish", "Ankle Design", "Rose",
    ),
    "quotes": (
        "Morning Motivation", "Words to Live By", "Self Love Reminder", "Life Lessons", "Book Lines",
        "Success Mindset", "Friendship Saying", "Positive Affirmations", "Stoic Wisdom",
        "Funny One-Liners", "Poem", "Proverb",
    ),
    "finance": (
        "Monthly Budget", "Emergency Fund", "Debt Snowball", "Side Hustle", "Index Funds",
        "Savings Challenge",
        "Credit Score", "Retirement Plan", "Cash Envelopes", "Passive Income", "Frugal Living",
        "Investing Basics",
    ),
    "diy-and-crafts": (
        "Macrame Wall Hanging", "Mason Jar Lantern", "Paper Flowers", "Pallet Bench", "Resin Coasters",
        "Felt Animals", "Painted Rocks", "Crochet Blanket", "Upcycled Dresser", "Candle Making",
        "Yarn Wreath", "Tie Dye",
    ),
    "event-planning": (
        "Wedding Timeline", "Baby Shower", "Party Checklist", "Balloon Arch", "Seating Chart",
        "Bridal Brunch",
        "Corporate Gala", "Birthday Theme", "Dessert Table", "Invitation Suite", "Photo Booth",
        "Backyard Reception",
    ),
    "vehicles": (
        "Vintage Pickup", "Electric Hypercar", "Camper Van Build", "Cafe Racer", "Classic Mustang",
        "Off-Road Jeep", "Rally Hatchback", "Custom Chopper", "Sports Coupe", "Motorcycle Garage",
        "Muscle Car", "Roadster",
    ),
    "education": (
        "Phonics Activity", "Classroom Library", "Fractions Game", "Science Experiment", "Lesson Plan",
        "Homeschool Schedule", "Sight Words", "Study Notes", "Sensory Bin", "Anchor Chart",
        "Reading Corner", "Spelling Test",
    ),
    "home-decor": (
        "Living Room", "Gallery Wall", "Farmhouse Kitchen", "Boho Bedroom", "Entryway Shelf", "Accent Wall",
        "Small Bathroom", "Cozy Reading Nook", "Open Shelving", "Coffee Table Styling",
        "Neutral Rug", "Dining Nook",
    ),
    "beauty": (
        "Glass Skin Routine", "Bridal Makeup", "Nail Art", "Curly Hair Care", "Smoky Eye", "Everyday Blush",
        "Lip Tint", "Braided Updo", "Face Serum", "Brow Lamination", "Balayage", "Press-On Nails",
    ),
}  # fmt: skip
CATEGORY_WEIGHTS = (205, 170, 168, 165, 150, 158, 172, 176, 148, 136, 160, 162, 147)

OPENERS = (
    "Easy", "The Best", "Simple", "Modern", "Rustic", "Beautiful", "DIY", "Affordable", "Timeless",
    "Creative",
    "10 Stunning", "25 Clever", "50+ Inspiring", "My Favorite", "Unique", "Elegant",
    "How To Plan Your", "Budget",
)  # fmt: skip
ENDINGS = (
    "Ideas", "Inspiration", "Tutorial", "for Beginners", "You Will Love", "Step by Step", "on a Budget",
    "Worth Saving", "That Always Work", "to Try This Year", "- A Complete Guide", "| Free Printable",
    "Ideas, Tips, and Tricks", "& More", "(With Photos)",
)  # fmt: skip
# What makes real titles hard: each is appended to one title in some hundreds.
TITLE_MARKS = (
    " 🎄✨", " 👩‍🎨", " ❤️", " 🔥🔥", " #inspo", " かわいいアイデア",
    " 手作りクラフト", " идеи для дома",
    " своими руками",
    ' "Must See"', " - \"it's easy\"", " AC\\DC style", " \\ part two", "\nPart One\nPart Two",
    "\n", "  ", " ", ", again",
)  # fmt: skip

SENTENCES = (
    "Looking for {subject} ideas? You are in the right place, and none of them takes a whole weekend.",
    "This {subject} is one of our most saved posts of all time.",
    "Here are the best {subject} tips we have collected over the years, from simple to ambitious.",
    "Learn how to make the most of your {subject} without spending a fortune.",
    "I finally tried {subject} at home, and the result surprised everyone.",
    "Save this {subject} for later! You'll thank yourself when the season comes.",
    "Everything you need to know about {subject}, with photos, a list of materials and honest prices.",
    "Whether you are a beginner or a pro, {subject} never goes out of style.",
    "Shop the look: {subject}, and a few pieces that go well with it.",
    "Click through for the full {subject} guide.\nIncludes a free printable checklist.",
    "Find and save ideas about {subject} \"for every budget\", chosen by people who really tried them.",
    "С любовью: {subject}. Сохраните, чтобы не потерять.",  # noqa: RUF001 - Cyrillic is meant
    "{subject} のアイデアをまとめました。保存してね。",
    "So in love with this {subject} 😍🙌 Tag a friend who needs it",
)  # fmt: skip
# The last three are rare in real posts; the plain ones are not.
SENTENCE_WEIGHTS = (12, 12, 12, 12, 12, 12, 12, 12, 12, 6, 6, 1, 1, 3)

TAG_WORDS = (
    "Ideas", "Inspiration", "Aesthetic", "Decorations Diy", "For Beginners", "Cute", "Vintage",
    "Modern", "Outdoor",
    "Pictures", "Design", "Board", "Projects", "Tips", "Hacks", "Easy", "Photography", "Style",
)  # fmt: skip

POSTER_NAMES = (
    "{first} {last}", "{last} & Co", "The {last} Home", "{first}'s Corner",
    "{first} | {last} Studio", "House of {last}",
    "{last}, {first}", "{first}✨", "Simply {first}", "{first} {last} | Blog",
    "Better {last} Living", "{last} Magazine",
)  # fmt: skip
