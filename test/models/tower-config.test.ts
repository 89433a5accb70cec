/** Configs as the hub has them: a field that is misread gives a language model tokens that it was not trained on. */
import { describe, expect, it } from "vitest";
import { preprocessorFor, readTowerConfig } from "../../src/models/index.ts";
import { towerCases, withTower } from "./dynamic-s2.ts";

describe("golden towers", () => {
  it.each(towerCases.filter((c) => c.output).map((c) => [c.id, c] as const))(
    "%s: scales, tile and processor are upstream's",
    (_, c) => {
      const tower = readTowerConfig(withTower(c));
      expect(tower).toMatchObject({ scales: c.scales_used, tile: c.split_size, layer: -2 });
      expect(tower.scales.length * 24).toBe(c.output_width);
      expect(preprocessorFor(tower, {})).toEqual(c.processor);
    },
  );
});

describe("readTowerConfig", () => {
  const clip = { model_type: "clip_vision_model", image_size: 336 };

  it("LLaVA-1.5 with S²: three scales unless said, the middle of the image, the tile is the smallest scale", () => {
    const config = {
      mm_vision_tower: "openai/clip-vit-large-patch14-336",
      mm_vision_select_layer: -2,
      mm_projector_type: "mlp2x_gelu",
      s2: true,
    };
    expect(readTowerConfig(config)).toEqual({
      ...{
        kind: "s2",
        scales: [336, 672, 1008],
        tile: 336,
        resizeOutputToIdx: 0,
        maxTiles: 12,
        layer: -2,
        prefix: "drop",
        fit: "crop",
      },
      projector: { type: "mlp2x_gelu", order: "rows" },
    });
  });

  it("transformers' LLaVA: its own names, one scale, the tower's size", () => {
    const config = {
      model_type: "llava",
      text_config: {},
      vision_config: clip,
      vision_feature_layer: -1,
      vision_feature_select_strategy: "full",
    };
    expect(readTowerConfig(config)).toMatchObject({
      scales: [336],
      tile: 336,
      layer: -1,
      prefix: "keep",
      projector: { type: "mlp2x_gelu" },
    });
  });

  it("a vision_config leaves out what is its class's default", () => {
    expect(readTowerConfig({ vision_config: { model_type: "siglip_vision_model" } })).toMatchObject({
      scales: [224],
      fit: "squash",
    });
  });

  it("VILA-1.5: S² off though its scales stand there, columns first", () => {
    const config = {
      ...{
        s2: false,
        s2_scales: "336,672,1008",
        s2_max_split_size: 336,
        image_aspect_ratio: "resize",
        mm_vision_select_feature: "cls_patch",
      },
      ...{ vision_tower_cfg: "./vision_tower", mm_projector_cfg: { mm_projector_type: "mlp_downsample" }, vision_config: clip },
    };
    expect(readTowerConfig(config)).toMatchObject({
      ...{ scales: [336], fit: "squash", prefix: "keep" },
      projector: { type: "mlp_downsample", order: "columns" },
    });
  });

  it("NVILA: rows first, its own tile, the most tiles", () => {
    const config = {
      ...{ dynamic_s2: true, s2_scales: "448,896,1344", s2_max_split_size: 384, s2_resize_output_to_scale_idx: -1, max_tiles: 9 },
      ...{ image_aspect_ratio: "dynamic_s2", mm_projector_type: "mlp_downsample" },
    };
    expect(readTowerConfig(config)).toMatchObject({
      ...{ kind: "dynamic-s2", scales: [448, 896, 1344], tile: 448, resizeOutputToIdx: -1, maxTiles: 9 },
      projector: { type: "mlp_downsample", order: "rows" },
    });
  });

  it.each([
    [{ image_aspect_ratio: "anyres" }, "anyres"],
    [{ image_aspect_ratio: "dynamic", max_tiles: 12 }, "no S²"],
    [{ ps3: true }, "PS3"],
    [{ s2: true, s2_scales: "336,big" }, "sides in pixels"],
    [{ s2: true, mm_vision_select_feature: "cls" }, "expected patch or cls_patch"],
    [{ s2: true, vision_feature_layer: [-2, -5] }, "one whole number"],
    [{ s2: true, projector_hidden_act: "relu" }, "projectors here have gelu"],
    [{}, "put the tower's own config.json in as vision_config"],
  ])("%j is refused in words", (config, said) => {
    expect(() => readTowerConfig(config)).toThrow(
      expect.objectContaining({ code: "tower", message: expect.stringContaining(said) }),
    );
  });

  it("a processor that says more keeps it, whichever way its sizes are written", () => {
    const tower = readTowerConfig({ s2: true });
    expect(preprocessorFor(tower, { size: 336, crop_size: 336, resample: 3 })).toEqual({
      size: 1008,
      crop_size: 1008,
      resample: 3,
    });
  });
});
