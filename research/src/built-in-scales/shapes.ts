/** Names and shapes of the tensors of architectures by timm's (or the authors') names, without heads: what a graph needs to be counted. */

export type Shapes = Readonly<Record<string, readonly number[]>>;

/** A weight [out, in, ...] and a bias. */
const layer = (name: string, ...dims: readonly number[]): Shapes => ({ [`${name}.weight`]: dims, [`${name}.bias`]: [dims[0]] });
const norm = (name: string, dim: number): Shapes => layer(name, dim);

const join = (all: readonly Shapes[]): Shapes => Object.assign({}, ...all);
const each = (count: number, shapes: (i: number) => Shapes): Shapes => join(Array.from({ length: count }, (_, i) => shapes(i)));

/** A transformer block: channels of its attention and, where they differ, of its input. */
function block(name: string, dim: number, { input = dim, ratio = 4 }: { input?: number; ratio?: number } = {}): Shapes {
  return join([
    norm(`${name}.norm1`, input),
    layer(`${name}.attn.qkv`, 3 * dim, input),
    layer(`${name}.attn.proj`, dim, dim),
    norm(`${name}.norm2`, dim),
    layer(`${name}.mlp.fc1`, ratio * dim, dim),
    layer(`${name}.mlp.fc2`, dim, ratio * dim),
  ]);
}

export const vit = (dim: number, depth: number): Shapes =>
  join([
    layer("patch_embed.proj", dim, 3, 16, 16),
    { cls_token: [1, 1, dim], pos_embed: [1, 197, dim] },
    each(depth, (i) => block(`blocks.${i}`, dim)),
    norm("norm", dim),
  ]);

export const swin = (width: number, depths: readonly number[], window: number): Shapes =>
  join([
    layer("patch_embed.proj", width, 3, 4, 4),
    norm("patch_embed.norm", width),
    ...depths.map((depth, s) => {
      const dim = width * 2 ** s;
      const merged = {
        [`layers.${s}.downsample.reduction.weight`]: [dim, 2 * dim],
        ...norm(`layers.${s}.downsample.norm`, 2 * dim),
      };
      const table = [(2 * window - 1) ** 2, dim / 32];
      return join([
        s > 0 ? merged : {},
        each(depth, (j) => ({
          ...block(`layers.${s}.blocks.${j}`, dim),
          [`layers.${s}.blocks.${j}.attn.relative_position_bias_table`]: table,
        })),
      ]);
    }),
    norm("norm", width * 2 ** (depths.length - 1)),
  ]);

export function hiera(width: number, depths: readonly number[]): Shapes {
  const channels = depths.flatMap((depth, s) => Array<number>(depth).fill(width * 2 ** s));
  return join([
    layer("patch_embed.proj", width, 3, 7, 7),
    { pos_embed: [1, 56 * 56, width] },
    ...channels.map((dim, i) => {
      const input = channels[i - 1] ?? width;
      return join([block(`blocks.${i}`, dim, { input }), dim === input ? {} : layer(`blocks.${i}.proj`, dim, input)]);
    }),
  ]);
}

/** Two branches of patches of 12 and 16 pixels; every group ends in one block of the first branch and `depth` of the second. */
export function crossVit(channels: readonly [number, number], groups: number, depth: number, ratio: number): Shapes {
  const branch = (dim: number, b: number): Shapes => {
    const patch = [12, 16][b];
    const tokens = [401, 197][b];
    const embedded = { [`cls_token_${b}`]: [1, 1, dim], [`pos_embed_${b}`]: [1, tokens, dim], ...norm(`norm.${b}`, dim) };
    return join([layer(`patch_embed.${b}.proj`, dim, 3, patch, patch), embedded]);
  };
  const exchange = (name: string, b: number): Shapes => {
    const [from, to] = [channels[b], channels[1 - b]];
    const attention = ["wq", "wk", "wv", "proj"].map((each) => layer(`${name}.fusion.${b}.attn.${each}`, to, to));
    return join([
      ...[norm(`${name}.projs.${b}.0`, from), layer(`${name}.projs.${b}.2`, to, from)],
      ...[norm(`${name}.fusion.${b}.norm1`, to), ...attention],
      ...[norm(`${name}.revert_projs.${b}.0`, to), layer(`${name}.revert_projs.${b}.2`, from, to)],
    ]);
  };
  return join([
    ...channels.map(branch),
    each(groups, (k) =>
      join([
        block(`blocks.${k}.blocks.0.0`, channels[0], { ratio }),
        each(depth, (j) => block(`blocks.${k}.blocks.1.${j}`, channels[1], { ratio })),
        ...[exchange(`blocks.${k}`, 0), exchange(`blocks.${k}`, 1)],
      ]),
    ),
  ]);
}

/** At 224 pixels: heads of `width` channels, positions by rows and columns. */
export const mvit = (width: number, depths: readonly number[]): Shapes =>
  join([
    layer("patch_embed.proj", width, 3, 7, 7),
    ...depths.map((depth, s) =>
      each(depth, (j) => {
        const name = `stages.${s}.blocks.${j}`;
        const [dim, grid] = [width * 2 ** s, 56 / 2 ** s];
        const widens = s > 0 && j === 0;
        const input = widens ? dim / 2 : dim;
        const keys = (widens ? 2 * grid : grid) / Math.max(4 / 2 ** s, 1);
        const rows = 2 * Math.max(grid, keys) - 1;
        const pools = ["q", "k", "v"].map((one) => ({
          [`${name}.attn.pool_${one}.weight`]: [width, 1, 3, 3],
          ...norm(`${name}.attn.norm_${one}`, width),
        }));
        return join([
          ...[block(name, dim, { input }), ...pools],
          { [`${name}.attn.rel_pos_h`]: [rows, width], [`${name}.attn.rel_pos_w`]: [rows, width] },
          widens ? layer(`${name}.shortcut_proj_attn`, dim, input) : {},
        ]);
      }),
    ),
    norm("norm", width * 2 ** (depths.length - 1)),
  ]);

/** Windows of 7x7 at 224 pixels; without `scales` windows see their own tokens alone. */
export const focal = (width: number, depths: readonly number[], heads: number, scales = true): Shapes =>
  join([
    layer("patch_embed.proj", width, 3, 4, 4),
    norm("patch_embed.norm", width),
    ...depths.map((depth, s) => {
      const dim = width * 2 ** s;
      const isLast = s === depths.length - 1;
      const [count, seen] = [heads * 2 ** s, [7, 5, 3, 1][s]];
      const halved = join([
        layer(`layers.${s}.downsample.proj`, 2 * dim, dim, 2, 2),
        norm(`layers.${s}.downsample.norm`, 2 * dim),
      ]);
      const tables = (name: string): Shapes => ({
        [`${name}.attn.relative_position_bias_table`]: [169, count],
        ...(scales && !isLast && { [`${name}.attn.relative_position_bias_table_to_neighbors`]: [1, count, 49, 132] }),
        ...(scales && {
          [`${name}.attn.relative_position_bias_table_to_windows.0`]: [count, (6 + seen) ** 2],
          ...layer(`${name}.pool_layers.0`, 1, 49),
        }),
      });
      return join([
        each(depth, (j) => ({ ...block(`layers.${s}.blocks.${j}`, dim), ...tables(`layers.${s}.blocks.${j}`) })),
        isLast ? {} : halved,
      ]);
    }),
    norm("norm", width * 2 ** (depths.length - 1)),
  ]);

/** Without attention: each block takes context at `levels` widths of a depthwise convolution. */
export const focalnet = (width: number, depths: readonly number[], levels: number): Shapes =>
  join([
    layer("stem.proj", width, 3, 4, 4),
    norm("stem.norm", width),
    ...depths.map((depth, s) => {
      const dim = width * 2 ** s;
      const halved = { ...layer(`layers.${s}.downsample.proj`, dim, dim / 2, 2, 2), ...norm(`layers.${s}.downsample.norm`, dim) };
      return join([s > 0 ? halved : {}, each(depth, (j) => focalBlock(`layers.${s}.blocks.${j}`, dim, levels))]);
    }),
    norm("norm", width * 2 ** (depths.length - 1)),
  ]);

const focalBlock = (name: string, dim: number, levels: number): Shapes =>
  join([
    norm(`${name}.norm1`, dim),
    layer(`${name}.modulation.f`, 2 * dim + levels + 1, dim, 1, 1),
    each(levels, (l) => ({ [`${name}.modulation.focal_layers.${l}.0.weight`]: [dim, 1, 3 + 2 * l, 3 + 2 * l] })),
    layer(`${name}.modulation.h`, dim, dim, 1, 1),
    layer(`${name}.modulation.proj`, dim, dim, 1, 1),
    norm(`${name}.norm2`, dim),
    layer(`${name}.mlp.fc1`, 4 * dim, dim, 1, 1),
    layer(`${name}.mlp.fc2`, dim, 4 * dim, 1, 1),
  ]);

const batchNorm = (name: string, dim: number): Shapes => ({
  ...norm(name, dim),
  [`${name}.running_mean`]: [dim],
  [`${name}.running_var`]: [dim],
});
/** A convolution without bias, and its batch norm. */
const normed = (name: string, ...dims: readonly number[]): Shapes => ({
  [`${name}.conv.weight`]: dims,
  ...batchNorm(`${name}.bn`, dims[0]),
});

/** Each stage sees patches of `paths` sizes, each with a transformer of its own. */
export const mpvit = (channels: readonly number[], paths: readonly number[], layers: readonly number[], ratio: number): Shapes =>
  join([
    normed("stem.0", channels[0] / 2, 3, 3, 3),
    normed("stem.1", channels[0], channels[0] / 2, 3, 3),
    ...channels.map((dim, s) => {
      const stage = `mhca_stages.${s}`;
      return join([
        each(paths[s], (p) => patches(`patch_embed_stages.${s}.patch_embeds.${p}.patch_conv`, dim)),
        normed(`${stage}.InvRes.conv1`, dim, dim, 1, 1),
        { [`${stage}.InvRes.dwconv.weight`]: [dim, 1, 3, 3] },
        batchNorm(`${stage}.InvRes.norm`, dim),
        normed(`${stage}.InvRes.conv2`, dim, dim, 1, 1),
        each(paths[s], (p) => encoder(`${stage}.mhca_blks.${p}`, dim, layers[s], ratio)),
        normed(`${stage}.aggregate`, channels[s + 1] ?? dim, dim * (paths[s] + 1), 1, 1),
      ]);
    }),
  ]);

const patches = (name: string, dim: number): Shapes => ({
  [`${name}.dwconv.weight`]: [dim, 1, 3, 3],
  [`${name}.pwconv.weight`]: [dim, dim, 1, 1],
  ...batchNorm(`${name}.bn`, dim),
});

function encoder(name: string, dim: number, layers: number, ratio: number): Shapes {
  const positions = [2, 3, 3].map((heads, i) => layer(`${name}.crpe.conv_list.${i}`, (heads * dim) / 8, 1, 3 + 2 * i, 3 + 2 * i));
  return join([
    layer(`${name}.cpe.proj`, dim, 1, 3, 3),
    ...positions,
    each(layers, (j) => {
      const renamed = Object.entries(block(`${name}.MHCA_layers.${j}`, dim, { ratio }));
      return Object.fromEntries(renamed.map(([key, dims]) => [key.replace(".attn.", ".factoratt_crpe."), dims]));
    }),
  ]);
}
