/** How other programs open the array on the screen by its Zarr address. */
import type { DatasetOut } from '@/api/types';

export interface Program {
  name: string;
  /** What is installed first, as a command. */
  install: string;
  code: string;
}

const IMAGES = new Set(['image', 'image_stack', 'volume']);

/** `address` is that of the dataset's store, without a slash at its end; `path` is the array's. */
export function programsFor(address: string, dataset: DatasetOut, path: string): Program[] {
  const array = dataset.arrays.find((item) => item.path === path) ?? dataset.arrays.find((item) => item.is_default) ?? dataset.arrays[0];
  if (!array) return [zarr(address)];
  const group = array.path.slice(0, array.path.lastIndexOf('/'));
  const name = array.path.slice(group.length + 1);
  const found: Program[] = [
    {
      name: 'xarray',
      install: 'pip install xarray dask zarr "fsspec[http]"',
      code: `import xarray\n\naddress = "${address}${group}"\ndata = xarray.open_zarr(address, chunks={}, decode_times=False)\ndata["${name}"]`,
    },
    {
      name: 'dask',
      install: 'pip install "dask[array]" zarr "fsspec[http]"',
      code: `import dask.array\n\nvalues = dask.array.from_zarr("${address}${array.path}")`,
    },
    zarr(address),
  ];
  if (IMAGES.has(array.kind)) {
    found.unshift({
      name: 'napari',
      install: 'pip install "napari[all]" napari-ome-zarr',
      code: `napari --plugin napari-ome-zarr "${address}${array.path}.ome.zarr"`,
    });
  }
  return found;
}

function zarr(address: string): Program {
  return { name: 'zarr', install: 'pip install zarr "fsspec[http]"', code: `import zarr\n\nstore = zarr.open_group("${address}", mode="r")` };
}
