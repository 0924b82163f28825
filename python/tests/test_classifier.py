import numpy as np
import pytest
import scipy.sparse
from conftest import Arrays
from tersegraph import GCNClassifier, InputError


def test_fit_predict_score(arrays):
    names = np.array(["red", "green", "blue", "grey"])[arrays.labels]
    classifier = GCNClassifier(layers=2, hidden=16, epochs=60, seed=1)
    fitted = classifier.fit(arrays.features, names, arrays.edge_index, train_mask=arrays.train, val_mask=arrays.val)
    assert fitted is classifier and list(classifier.classes_) == ["blue", "green", "grey", "red"]
    shares = classifier.predict_proba()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(classifier.classes_[shares.argmax(axis=1)], classifier.predict())
    accuracy = classifier.score(arrays.features, names, arrays.edge_index, mask=arrays.test)
    assert accuracy == np.mean(classifier.predict()[arrays.test] == names[arrays.test]) > 0.6
    n = len(names)
    other = Arrays(seed=9)
    matrix = scipy.sparse.coo_matrix((np.ones(other.edge_index.shape[1]), other.edge_index), (n, n))
    np.testing.assert_array_equal(
        classifier.predict(other.features, matrix), classifier.predict(other.features, other.edge_index)
    )


def test_labels_of_other_nodes_are_not_read(arrays):
    hidden = np.where(arrays.train, arrays.labels, 77)
    kinds = {"layers": 2, "hidden": 8, "epochs": 10}
    a = GCNClassifier(**kinds).fit(arrays.features, arrays.labels, arrays.edge_index, train_mask=arrays.train)
    b = GCNClassifier(**kinds).fit(arrays.features, hidden, arrays.edge_index, train_mask=arrays.train)
    np.testing.assert_array_equal(a.predict(), b.predict())


def test_parameters():
    classifier = GCNClassifier(layers=2)
    assert classifier.get_params() == {"layers": 2}
    assert classifier.set_params(hidden=8) is classifier
    assert type(classifier)(**classifier.get_params()).get_params() == {"layers": 2, "hidden": 8}
    with pytest.raises(InputError, match="did you mean layers"):
        classifier.set_params(layer=2)
    with pytest.raises(InputError, match="not fitted"):
        classifier.predict()
