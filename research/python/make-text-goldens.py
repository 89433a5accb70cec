"""Makes test/fixtures/text: a CLIP and a SigLIP of a few kB with random weights, and what transformers makes of some texts.

    python research/python/make-text-goldens.py        (needs torch, transformers and tokenizers)

CLIP's tokenizer is a byte-pair encoding as CLIP's own, learned from the texts below.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast, SiglipConfig, SiglipModel, __version__

FOLDER = Path(__file__).parents[2] / "test/fixtures/text"
TEXTS = ["a red kite", "A Red  KITE over the beach!", "two dogs, one ball", "", "a kite " * 12]
TOWER = dict(hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2)
torch.manual_seed(7)


def randomize(model):
    """No weight is left at a neutral value."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.4)
    return model.eval()


def tokenizer():
    """As openai/clip-vit-base-patch32 has it: NFC, one space, lower case; words end in </w>."""
    made = Tokenizer(models.BPE(unk_token="<|endoftext|>", continuing_subword_prefix="", end_of_word_suffix="</w>", fuse_unk=False))
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    words = Regex(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(words, behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])
    special = ["<|startoftext|>", "<|endoftext|>"]
    trainer = trainers.BpeTrainer(vocab_size=90, end_of_word_suffix="</w>", show_progress=False, min_frequency=1)
    made.train_from_iterator(TEXTS, trainer)
    made.add_special_tokens(special)
    ids = [(name, made.token_to_id(name)) for name in special]
    made.post_processor = processors.RobertaProcessing(ids[1], ids[0], add_prefix_space=False, trim_offsets=False)
    return made


def save(name, model, golden):
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {key: value for key, value in json.loads(model.config.to_json_string(use_diff=True)).items() if "transformers" not in key}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file({key: value.contiguous() for key, value in model.state_dict().items() if "position_ids" not in key}, folder / "model.safetensors")
    (folder / "golden.json").write_text(json.dumps({"transformers": __version__, **golden}) + "\n")


with torch.no_grad():
    bpe = tokenizer()
    size, end = bpe.get_vocab_size(), bpe.token_to_id("<|endoftext|>")
    text = dict(**TOWER, vocab_size=size, max_position_embeddings=16, bos_token_id=end - 1, eos_token_id=end, pad_token_id=end)
    vision = dict(**TOWER, image_size=16, patch_size=8)
    model = randomize(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=6, attn_implementation="eager")))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<|startoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>", model_max_length=16
    )
    ids = fast(TEXTS, padding="max_length", truncation=True, max_length=16, return_tensors="pt").input_ids
    embeds = model.get_text_features(input_ids=ids)
    embeds = getattr(embeds, "pooler_output", embeds)
    save("clip", model, {"texts": TEXTS, "input_ids": ids.tolist(), "text_embeds": embeds.tolist()})
    fast.save_pretrained(FOLDER / "clip")

    text = dict(**TOWER, vocab_size=30, max_position_embeddings=8, projection_size=8)
    model = randomize(SiglipModel(SiglipConfig(text_config=text, vision_config=vision, attn_implementation="eager")))
    ids = torch.randint(0, 30, (3, 8))
    embeds = model.get_text_features(input_ids=ids)
    embeds = getattr(embeds, "pooler_output", embeds)
    save("siglip", model, {"input_ids": ids.tolist(), "text_embeds": embeds.tolist()})
