"""Classical networks that read sequences: of patches, of tokens."""

from __future__ import annotations

from page import Page, classifier  # beside this file

from nnstudio.project.sheet import Sheet


def vit_b_16() -> Sheet:
    """A picture as 196 words."""
    page = Page()
    page.use("ViTBlock")
    x = page.add("Input", name="image", shape=(3, 224, 224))
    x = page.add("PatchEmbedding", x, name="conv_proj", features=768, patch_size=16)
    x = page.add("ClassToken", x, name="class_token")
    x = page.add("LearnedPositions", x, name="pos_embedding")
    x = page.add("ViTBlock", x, name="encoder", width=768, heads=12, expansion=4, dropout=0.0, repeat=12)
    x = page.add("LayerNorm", x, name="ln", eps=1e-6)
    x = page.add("Select", x, name="class_of", index=0, axis=1)
    classifier(page, page.add("Linear", x, name="head", out_features=1000))
    page.row("image conv_proj class_token pos_embedding")
    page.row("encoder ln class_of head output")
    page.row(". . . label loss")
    page.row(". . . . accuracy")
    return page.sheet(
        "ViT-B/16", "Tells 1,000 kinds of things in pictures of 224 × 224, read as 196 patches of 16 × 16 by 12 "
        "transformer layers. 86,567,656 parameters. Dosovitskiy et al., “An image is worth 16x16 words” (2020).",
        {"epochs": 300, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.0003, "weight_decay": 0.3,
         "schedule": "cosine"},
    )  # fmt: skip


def gpt_2_small() -> Sheet:
    """Writes on, token by token."""
    page = Page()
    page.use("GPTBlock")
    tokens = page.add("Input", name="tokens", shape=(1024,), dtype="int64", classes=50257)
    wte = page.add("TiedEmbedding", tokens, name="wte", embedding_dim=768, num_embeddings=50257)
    x = page.add("LearnedPositions", wte, name="wpe", length=1024)
    x = page.add("Dropout", x, name="drop", p=0.1)
    x = page.add("GPTBlock", x, name="h", width=768, heads=12, expansion=4, dropout=0.1, repeat=12)
    x = page.add("LayerNorm", x, name="ln_f", eps=1e-5)
    logits = page.add("TiedLinear", x, table=wte.table, name="lm_head")
    logits = page.add("Permute", logits, name="classes_first", order=(2, 1))
    page.add("Output", logits, name="output", kind="class scores")
    following = page.add("Input", name="next_tokens", shape=(1024,), dtype="int64", classes=50257)
    page.add("CrossEntropyLoss", logits, following, name="loss")
    page.row("tokens wte wpe drop h")
    page.row("ln_f lm_head classes_first output")
    page.row(". . next_tokens loss")
    return page.sheet(
        "GPT-2 small", "Says of each of 1,024 tokens which one follows: 12 transformer layers that see only what came "
        "before; one table both reads and scores the 50,257 tokens. 124,439,808 parameters. Radford et al., “Language "
        "models are unsupervised multitask learners” (2019).",
        {"epochs": 10, "batch_size": 8, "optimizer": "AdamW", "learning_rate": 0.00025, "weight_decay": 0.01,
         "schedule": "cosine"},
    )  # fmt: skip


def bert_base() -> Sheet:
    """Reads a text as a whole."""
    page = Page()
    page.use("BERTBlock")
    tokens = page.add("Input", name="tokens", shape=(512,), dtype="int64", classes=30522)
    segments = page.add("Input", name="segments", shape=(512,), dtype="int64", classes=2)
    padding = page.add("Input", name="padding", shape=(512,), dtype="bool")
    words = page.add(
        "Embedding", tokens, name="word_embeddings", embedding_dim=768, num_embeddings=30522, padding_idx=0
    )
    words = page.add("LearnedPositions", words, name="position_embeddings", length=512)
    parts = page.add("Embedding", segments, name="token_type_embeddings", embedding_dim=768, num_embeddings=2)
    x = page.add("Add", words, parts, name="sum")
    x = page.add("LayerNorm", x, name="embedding_norm", eps=1e-12)
    x = page.add("Dropout", x, name="dropout", p=0.1)
    x = page.add("BERTBlock", x, padding, name="encoder", width=768, heads=12, expansion=4, dropout=0.1, repeat=12)
    x = page.add("Select", x, name="first", index=0, axis=1)
    x = page.add("Linear", x, name="pooler", out_features=768)
    x = page.add("Tanh", x, name="pooled")
    page.add("Output", x, name="output", kind="values")
    meaning = page.add("Input", name="meaning", shape=(768,))
    page.add("MSELoss", x, meaning, name="loss")
    page.row("tokens word_embeddings position_embeddings sum embedding_norm")
    page.row("segments token_type_embeddings . . dropout")
    page.row("padding . . . encoder")
    page.row("first pooler pooled output")
    page.row(". . meaning loss")
    return page.sheet(
        "BERT-base", "Reads 512 tokens (uncased) as a whole with 12 transformer layers and sums the text up in 768 "
        "numbers, here to be like those of a teacher; put a Linear behind the pooler to classify. 109,482,240 "
        "parameters. Devlin et al., “BERT: pre-training of deep bidirectional transformers” (2018).",
        {"epochs": 3, "batch_size": 16, "optimizer": "AdamW", "learning_rate": 0.00005, "weight_decay": 0.01,
         "schedule": "cosine"},
    )  # fmt: skip
