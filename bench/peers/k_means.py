"""scikit-learn's KMeans on vectors from a file of float32."""

import time

import numpy
import sklearn
from protocol import serve
from sklearn.cluster import KMeans


def open_():
    return {"name": f"scikit-learn {sklearn.__version__} KMeans"}


def cluster(path, dims, k, seed, restarts):
    vectors = numpy.fromfile(path, dtype=numpy.float32).reshape(-1, dims)
    start = time.perf_counter()
    model = KMeans(n_clusters=k, n_init=restarts, random_state=seed).fit(vectors)
    return {"labels": model.labels_.tolist(), "ms": (time.perf_counter() - start) * 1000}


serve(open=open_, cluster=cluster)
